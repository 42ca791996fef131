package dev.dbmigrations.system;

import static dev.dbmigrations.api.Reason.AtTarget;
import static dev.dbmigrations.api.Reason.BaselineRefused;
import static dev.dbmigrations.api.Reason.MigrationFailed;
import static dev.dbmigrations.api.Reason.Planned;
import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.PlanStatus;
import dev.dbmigrations.testing.Cluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A database that had tables before it had revisions, in the words of {@code docs/existing-databases.md}. */
@Execution(ExecutionMode.CONCURRENT)
class BaselineIT {

    private static final Path PAGE = Path.of("docs/existing-databases.md");

    @RegisterExtension
    final Team team = new Team();

    /** As {@code create_all()} made it, when customers had no address for mail. */
    private Database madeWithoutRevisions() {
        Database database = team.databaseWithSecret();
        database.run("CREATE TABLE customers (id serial PRIMARY KEY, name text);"
                + " INSERT INTO customers (name) VALUES ('Ada')");
        return database;
    }

    @Test
    void isAdoptedAtTheRevisionThatTheFirstFailureNames() throws IOException {
        Database database = madeWithoutRevisions();
        Migration shop = team.migration(Team.tree("plans", "p2_email"));
        shop.await(MigrationFailed);
        assertThat(shop.message()).contains("spec.baseline: p1_customers");
        assertThat(Files.readString(PAGE)).contains(shop.message());
        assertThat(database.ask("SELECT to_regclass('alembic_version')")).allMatch(String::isEmpty);

        shop.change("baseline: p2_email");
        shop.await(BaselineRefused);
        assertThat(shop.message()).contains("lacks column customers.email");
        assertThat(Files.readString(PAGE)).contains(shop.message());
        assertThat(database.ask("SELECT to_regclass('alembic_version')")).allMatch(String::isEmpty);

        shop.change("baseline: p1_customers");
        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("p2_email");
        assertThat(database.ask("SELECT name, email FROM customers")).containsExactly("Ada|");
        DatabaseMigrationStatus status = shop.awaitHistory("Upgrade");
        assertThat(Objects.requireNonNull(status.history()).getFirst().baseline())
                .isEqualTo("p1_customers");
        shop.awaitEvent("Normal Baselined");

        // From here on it is a database like any other, whatever stays written there.
        shop.change("targetRevision: p1_customers");
        shop.awaitHistory("Downgrade", "Upgrade");
        shop.change("targetRevision: p3_no_name");
        shop.awaitHistory("Upgrade", "Downgrade", "Upgrade");
        assertThat(database.revisions()).containsExactly("p3_no_name");
    }

    @Test
    void thePlanSaysThatTheStampComesFirst() {
        Database database = madeWithoutRevisions();
        Migration shop = team.migration(Team.tree("plans", "p2_email", "mode: Plan", "baseline: p1_customers"));

        PlanStatus plan = Objects.requireNonNull(shop.await(Planned).plan());

        assertThat(shop.message()).contains("a stamp at revision p1_customers").contains("1 step up to p2_email");
        assertThat(plan.baseline()).isEqualTo("p1_customers");
        String sql = Cluster.shared()
                .client()
                .configMaps()
                .inNamespace(team.namespace())
                .withName(plan.configMap())
                .get()
                .getData()
                .get("plan.sql");
        assertThat(sql).containsSubsequence("INSERT INTO alembic_version", "'p1_customers'", "ADD COLUMN email");
        assertThat(sql).doesNotContain("CREATE TABLE customers");
        assertThat(database.ask("SELECT to_regclass('alembic_version')")).allMatch(String::isEmpty);

        shop.change("mode: Apply\napproval: Destructive");
        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("p2_email");
    }
}
