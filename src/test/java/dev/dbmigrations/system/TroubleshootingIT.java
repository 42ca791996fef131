package dev.dbmigrations.system;

import static dev.dbmigrations.api.Reason.AtTarget;
import static dev.dbmigrations.api.Reason.DatabaseAhead;
import static dev.dbmigrations.api.Reason.MigrationFailed;
import static dev.dbmigrations.api.Reason.MultipleHeads;
import static dev.dbmigrations.api.Reason.PartiallyApplied;
import static dev.dbmigrations.api.Reason.RevisionNotFound;
import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.Reason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * The six headings of the guide that teams have had so far for what goes wrong with Alembic: what the status says there,
 * which is what {@code docs/troubleshooting.md} shows, and that what the page advises helps.
 */
@Execution(ExecutionMode.CONCURRENT)
class TroubleshootingIT {

    private static final Path PAGE = Path.of("docs/troubleshooting.md");
    private static final String IN_DOCS = "registry.example.com/shop-migrations";

    @RegisterExtension
    final Team team = new Team();

    @Test
    void multipleHeadRevisionsArePresent() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("forked", "head"));

        shop.await(MultipleHeads);
        shows("\"Multiple head revisions are present\"", shop, MultipleHeads);
        assertThat(database.tables()).isEmpty();

        shop.change("alembic: {workingDir: /trees/merged}");
        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("f3_merged");
    }

    @Test
    void multipleHeadsMayAllBeWanted() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("forked", "head"));
        shop.await(MultipleHeads);

        shop.change("targetRevision: heads");
        assertThat(shop.await(AtTarget).currentRevision()).isEqualTo("f2_coupons,f2_wishlists");
        assertThat(database.revisions()).containsExactly("f2_coupons", "f2_wishlists");
    }

    @Test
    void cantLocateRevisionIdentifiedBy() {
        String heading = "\"Can't locate revision identified by 'xyz'\"";
        String older = Images.variant("older", "r4_comments.py", "r5_vouchers.py");
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("shop", "r5_vouchers"));
        shop.await(AtTarget);

        // Only the image was taken back, and it does not have the target.
        shop.change("image: " + older);
        shop.await(AtTarget);
        shop.change("targetRevision: r4_comments");
        shop.await(RevisionNotFound);
        shows(heading, shop, RevisionNotFound);
        assertThat(database.revisions()).containsExactly("r5_vouchers");

        // Image and target together: the database follows.
        shop.change("targetRevision: r3_unique_emails");
        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("r3_unique_emails");

        // What another image has applied, and nobody remembers.
        shop.delete();
        database.run("UPDATE alembic_version SET version_num = 'r5_vouchers'");
        Migration anew = team.migration("anew", Team.tree("shop", "r3_unique_emails", "image: " + older));
        anew.await(RevisionNotFound);
        shows(heading, anew, RevisionNotFound);
    }

    @Test
    void targetDatabaseIsNotUpToDate() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("shop", "r3_unique_emails", "checkInterval: 1s"));
        shop.await(AtTarget);

        // Behind: that is the operator's job.
        database.run("DROP INDEX customers_email; UPDATE alembic_version SET version_num = 'r2_orders'");
        shop.awaitHistory("Upgrade", "Upgrade");

        // Ahead: somebody has run `alembic upgrade` by hand.
        database.run("CREATE TABLE comments (); UPDATE alembic_version SET version_num = 'r4_comments'");
        shop.await(DatabaseAhead);
        shows("\"Target database is not up to date\"", shop, DatabaseAhead);

        shop.change("targetRevision: r4_comments");
        shop.await(AtTarget);
        assertThat(database.tables()).contains("comments");
    }

    @Test
    void autogenerateCreatesUnwantedChanges() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("shop", "r3_unique_emails"));
        shop.await(AtTarget);

        // A change by hand, which no revision knows.
        database.run("CREATE TABLE comments (id int)");
        shop.change("targetRevision: r4_comments");
        shop.await(MigrationFailed);
        shows("Auto-generate Creates Unwanted Changes", shop, MigrationFailed);

        database.run("DROP TABLE comments");
        shop.retry("1");
        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("r4_comments");
    }

    @Test
    void migrationFailsHalfway() {
        String heading = "Migration Fails Halfway";
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("failing", "r2_orders"));
        shop.await(AtTarget);

        shop.change("targetRevision: head");
        DatabaseMigrationStatus status = shop.await(MigrationFailed);
        shows(heading, shop, MigrationFailed);
        assertThat(status.currentRevision()).isEqualTo("r2_orders");
        assertThat(database.tables()).containsExactly("alembic_version", "customers", "orders");

        database.run("UPDATE customers SET email = 'grace@example.com' WHERE id = 2");
        shop.retry("1");
        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("r5_vouchers");
    }

    @Test
    void migrationFailsHalfwayOutsideOfItsTransaction() {
        team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("half-way", "head"));
        shop.await(PartiallyApplied);
        shows("Migration Fails Halfway", shop, PartiallyApplied);
    }

    @Test
    void relationAlreadyExists() {
        Database database = team.databaseWithSecret();
        database.run("CREATE TABLE customers (id serial PRIMARY KEY, email text)");
        Migration shop = team.migration(Team.tree("shop", "head"));

        shop.await(MigrationFailed);
        shows("\"relation already exists\"", shop, MigrationFailed);
        assertThat(database.tables()).containsExactly("customers");
    }

    /** The page has, under this heading, the message and the line of {@code kubectl get} that people see. */
    private void shows(String heading, Migration migration, Reason reason) {
        String section = section(heading);
        DatabaseMigrationStatus status = migration.status();
        String message = migration.message().replace(Images.TREES, IN_DOCS + ":1.4.2");
        message = message.replace("dbmigrations/test-trees-older:system-test", IN_DOCS + ":1.4.1");
        assertThat(section).contains(message).contains("`" + reason + "`");
        assertThat(section.lines().map(line -> Arrays.asList(line.trim().split(" +"))))
                .as("a line of kubectl get")
                .anySatisfy(cells -> assertThat(cells)
                        .containsSubsequence(Stream.of(
                                        migration.get().getSpec().targetRevision(),
                                        Objects.requireNonNull(status.currentRevision()),
                                        "False",
                                        reason.name())
                                .filter(cell -> !cell.isEmpty())
                                .toList()));
        assertThat(status.condition("Stalled")).isPresent();
    }

    private static String section(String heading) {
        try {
            return Arrays.stream(Files.readString(PAGE).split("\n### "))
                    .filter(part -> part.startsWith(heading + "\n"))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError(PAGE + " has no heading " + heading));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
