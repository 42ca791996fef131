package dev.dbmigrations.system;

import static dev.dbmigrations.api.Reason.AtTarget;
import static dev.dbmigrations.api.Reason.DatabaseAhead;
import static dev.dbmigrations.api.Reason.DowngradeForbidden;
import static dev.dbmigrations.api.Reason.RevisionNotFound;
import static dev.dbmigrations.api.Reason.Suspended;
import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DatabaseMigrationStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The database moved without the operator, or shall not be moved by it. */
@Execution(ExecutionMode.CONCURRENT)
class DriftIT {

    private static final String LOOK_OFTEN = "checkInterval: 1s";

    @RegisterExtension
    final Team team = new Team();

    @Test
    void leavesADatabaseAloneThatSomebodyMovedAhead() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("shop", "r3_unique_emails", LOOK_OFTEN));
        shop.await(AtTarget);

        database.run("CREATE TABLE comments (); UPDATE alembic_version SET version_num = 'r4_comments'");
        DatabaseMigrationStatus status = shop.await(DatabaseAhead);

        assertThat(shop.message())
                .contains("r3_unique_emails")
                .contains("r4_comments")
                .contains("downgrade: Always");
        assertThat(status.currentRevision()).isEqualTo("r4_comments");
        assertThat(database.revisions()).containsExactly("r4_comments");
        assertThat(database.tables()).contains("comments");

        shop.change("downgrade: Always");
        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("r3_unique_emails");
        assertThat(database.tables()).doesNotContain("comments");
    }

    @Test
    void neverTakesADatabaseDownThatItFoundAhead() {
        Database database = team.databaseWithSecret();
        Migration ahead = team.migration("ahead", Team.tree("shop", "r4_comments"));
        ahead.await(AtTarget);
        ahead.delete();
        Migration shop = team.migration(Team.tree("shop", "r2_orders"));
        shop.await(DatabaseAhead);

        assertThat(database.revisions()).containsExactly("r4_comments");
    }

    @Test
    void bringsADatabaseUpAgainThatSomebodyTookDown() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("shop", "head", LOOK_OFTEN));
        shop.await(AtTarget);

        database.run("DROP TABLE vouchers; UPDATE alembic_version SET version_num = 'r4_comments'");

        shop.awaitHistory("Upgrade", "Upgrade");
        assertThat(database.revisions()).containsExactly("r5_vouchers");
        assertThat(database.tables()).contains("vouchers");
    }

    @Test
    void doesNotGoDownWhereTheSpecForbidsIt() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("shop", "head", "downgrade: Never"));
        shop.await(AtTarget);

        shop.change("targetRevision: r2_orders");
        assertThat(shop.await(DowngradeForbidden).condition("Stalled")).isPresent();
        assertThat(database.revisions()).containsExactly("r5_vouchers");

        shop.change("downgrade: Requested");
        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("r2_orders");
    }

    @Test
    void saysThatTheImageDoesNotKnowWhereTheDatabaseIs() {
        Database database = team.databaseWithSecret();
        database.run("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)");
        database.run("INSERT INTO alembic_version VALUES ('from_elsewhere')");

        Migration shop = team.migration(Team.tree("shop", "head"));
        DatabaseMigrationStatus status = shop.await(RevisionNotFound);

        assertThat(shop.message()).contains("from_elsewhere");
        assertThat(status.currentRevision()).isEqualTo("from_elsewhere");
        assertThat(database.tables()).containsExactly("alembic_version");
    }

    @Test
    void startsNothingWhileSuspended() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("shop", "r2_orders", "suspend: true"));
        DatabaseMigrationStatus suspended = shop.await(Suspended);
        assertThat(suspended.currentRevisions()).isEmpty();
        assertThat(shop.jobs()).isEmpty();

        shop.change("suspend: false");
        shop.await(AtTarget);

        // It goes on observing: what is at its target says so, suspended or not.
        shop.change("""
                suspend: true
                targetRevision: head
                """);
        assertThat(shop.await(Suspended).currentRevision()).isEqualTo("r2_orders");
        shop.change("targetRevision: r2_orders");
        shop.await(AtTarget);
        assertThat(shop.jobs()).hasSize(1);
        assertThat(database.revisions()).containsExactly("r2_orders");
    }
}
