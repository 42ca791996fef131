package dev.dbmigrations.system;

import static dev.dbmigrations.api.Reason.AtTarget;
import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DatabaseMigrationStatus;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The main job: a database is where the resource says, wherever it was before. */
@Execution(ExecutionMode.CONCURRENT)
class UpAndDownIT {

    private static final String TLOG_LOCATION_NULLABLE = "0e59c3885358";

    @RegisterExtension
    final Team team = new Team();

    @Test
    void bringsAFreshDatabaseToARevision() {
        Database database = team.databaseWithSecret();

        Migration shop = team.migration("""
                targetRevision: %s
                image: %s
                credentialsSecretRef: {name: shop-db}
                """.formatted(TLOG_LOCATION_NULLABLE, Images.TRIGPOINTING));
        DatabaseMigrationStatus status = shop.await(AtTarget);

        assertThat(database.revisions()).containsExactly(TLOG_LOCATION_NULLABLE);
        assertThat(database.ask("""
                SELECT is_nullable FROM information_schema.columns
                WHERE table_name = 'tlog' AND column_name = 'osgb_gridref'""")).containsExactly("YES");
        assertThat(status.currentRevision()).isEqualTo(TLOG_LOCATION_NULLABLE);
        assertThat(status.currentRevisions()).containsExactly(TLOG_LOCATION_NULLABLE);
        assertThat(status.pending()).isZero();
        assertThat(status.lastFailure()).isNull();
        assertThat(shop.jobs()).hasSize(1);
        shop.awaitEvents("Normal Started", "Normal Migrated");
    }

    @Test
    void changesNothingWhenTheSameIsAppliedAgain() {
        team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("shop", "r2_orders"));
        shop.await(AtTarget);
        shop.awaitHistory("Upgrade");
        String version = shop.get().getMetadata().getResourceVersion();

        shop.change(Team.tree("shop", "r2_orders"));

        shop.await(AtTarget);
        assertThat(shop.get().getMetadata().getResourceVersion()).isEqualTo(version);
        assertThat(shop.jobs()).hasSize(1);
    }

    @Test
    void startsNoJobWhereTheDatabaseIsAtTheTarget() {
        Database database = team.databaseWithSecret();
        Migration first = team.migration("first", Team.tree("shop", "r2_orders"));
        first.await(AtTarget);
        first.delete();

        Migration second = team.migration("second", Team.tree("shop", "r2_orders"));
        second.await(AtTarget);

        assertThat(second.jobs()).isEmpty();
        assertThat(database.statesEverCommitted()).containsExactlyInAnyOrder(List.of(), List.of("r2_orders"));
    }

    @Test
    void goesUpAndDownAsTheTargetMoves() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("shop", "r2_orders"));
        shop.await(AtTarget);

        shop.change("targetRevision: r5_vouchers");
        shop.await(AtTarget);
        assertThat(database.tables()).contains("customers", "orders", "comments", "vouchers");

        shop.change("targetRevision: r1_customers");
        DatabaseMigrationStatus down = shop.await(AtTarget);
        assertThat(database.tables()).containsExactly("alembic_version", "customers");
        assertThat(database.revisions()).containsExactly("r1_customers");
        assertThat(down.currentRevision()).isEqualTo("r1_customers");
        shop.awaitHistory("Downgrade", "Upgrade", "Upgrade");
        assertThat(shop.jobs()).hasSize(3);
    }

    @Test
    void goesToHeadAndBackToBase() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("shop", "head"));
        DatabaseMigrationStatus up = shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("r5_vouchers");
        assertThat(up.resolvedTarget()).containsExactly("r5_vouchers");
        assertThat(up.head()).isEqualTo("r5_vouchers");

        shop.change("targetRevision: base");
        DatabaseMigrationStatus down = shop.await(AtTarget);

        assertThat(database.revisions()).isEmpty();
        assertThat(database.tables()).containsExactly("alembic_version");
        assertThat(down.currentRevisions()).isEmpty();
    }
}
