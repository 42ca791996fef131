package dev.dbmigrations.system;

import static dev.dbmigrations.api.Reason.AtTarget;
import static dev.dbmigrations.api.Reason.IrreversibleRevision;
import static dev.dbmigrations.api.Reason.MigrationFailed;
import static dev.dbmigrations.api.Reason.NotApplied;
import static dev.dbmigrations.api.Reason.PartiallyApplied;
import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DatabaseMigrationStatus.LastFailure;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A revision that fails: what the status says of it, what of it stays, and how it goes on. */
@Execution(ExecutionMode.CONCURRENT)
class FailingRevisionIT {

    private static final String EACH_BY_ITSELF = "alembic: {arguments: [transaction=each]}";

    @RegisterExtension
    final Team team = new Team();

    @Test
    void saysWhichRevisionAndWhyAndKeepsNothingOfTheOneTransaction() {
        Database database = team.databaseWithSecret();

        Migration shop = team.migration(Team.tree("failing", "head"));
        DatabaseMigrationStatus status = shop.await(MigrationFailed);

        LastFailure failure = Objects.requireNonNull(status.lastFailure());
        assertThat(failure.revision()).isEqualTo("r3_unique_emails");
        assertThat(failure.sqlState()).isEqualTo("23505");
        assertThat(failure.statement()).isEqualTo("CREATE UNIQUE INDEX customers_email ON customers (email)");
        assertThat(failure.message()).contains("r3_unique_emails").contains("23505");
        assertThat(failure.retryAt()).isNull();
        assertThat(status.condition("Stalled")).isPresent();
        assertThat(status.currentRevisions()).isEmpty();
        assertThat(database.tables()).isEmpty();
        shop.awaitEvents("Normal Started", "Warning MigrationFailed");

        shop.change("alembic: {workingDir: /trees/shop}");
        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("r5_vouchers");
        assertThat(database.statesEverCommitted()).containsExactlyInAnyOrder(List.of(), List.of("r5_vouchers"));
    }

    @Test
    void keepsTheRevisionsBeforeItWhereEachCommitsByItself() {
        Database database = team.databaseWithSecret();

        Migration shop = team.migration(Team.tree("failing", "head", EACH_BY_ITSELF));
        DatabaseMigrationStatus status = shop.await(MigrationFailed);

        assertThat(Objects.requireNonNull(status.lastFailure()).revision()).isEqualTo("r3_unique_emails");
        assertThat(status.currentRevision()).isEqualTo("r2_orders");
        assertThat(status.pending()).isEqualTo(3);
        assertThat(database.revisions()).containsExactly("r2_orders");
        assertThat(database.tables()).containsExactly("alembic_version", "customers", "orders");

        shop.change("alembic: {workingDir: /trees/shop}");
        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("r5_vouchers");
    }

    @Test
    void goesOnToTheEndWithAFixedImage() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration("""
                targetRevision: head
                image: %s
                credentialsSecretRef: {name: shop-db}
                """.formatted(Images.TRIGPOINTING_FAILING));
        DatabaseMigrationStatus failed = shop.await(MigrationFailed);
        assertThat(Objects.requireNonNull(failed.lastFailure()).revision()).isEqualTo("372bb075e6b2");
        assertThat(failed.pending()).isEqualTo(1);

        shop.change("image: " + Images.TRIGPOINTING_FIXED);
        DatabaseMigrationStatus fixed = shop.await(AtTarget);

        assertThat(database.revisions()).containsExactly("372bb075e6b2");
        assertThat(fixed.lastFailure()).isNull();
    }

    @Test
    void triesAgainWhenAPersonHasMendedTheDataAndSaysSo() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("failing", "head", EACH_BY_ITSELF));
        shop.await(MigrationFailed);

        database.run("UPDATE customers SET email = 'grace@example.com' WHERE id = 2");
        shop.retry("1");
        DatabaseMigrationStatus status = shop.await(AtTarget);

        assertThat(database.revisions()).containsExactly("r5_vouchers");
        assertThat(status.lastHandledRetry()).isEqualTo("1");
        assertThat(shop.jobs()).hasSize(2);
    }

    @Test
    void neverRepeatsByItselfWhatStayedHalfWay() {
        Database database = team.databaseWithSecret();

        Migration shop = team.migration(Team.tree("half-way", "head"));
        DatabaseMigrationStatus status = shop.await(PartiallyApplied);

        LastFailure failure = Objects.requireNonNull(status.lastFailure());
        assertThat(failure.revision()).isEqualTo("h2_double_balances");
        assertThat(failure.sqlState()).isEqualTo("22012");
        assertThat(failure.message()).contains("h2_double_balances").contains("dbmigrations.dev/retry");
        assertThat(failure.retryAt()).isNull();
        assertThat(database.revisions()).containsExactly("h1_accounts");
        assertThat(database.ask("SELECT * FROM accounts")).containsExactly("1|100");

        // A person does the rest by hand, says that the revision is there, and lets go.
        database.run("INSERT INTO accounts VALUES (2, 100)");
        database.run("UPDATE alembic_version SET version_num = 'h2_double_balances'");
        shop.retry("mended");
        shop.await(AtTarget);
        assertThat(database.ask("SELECT * FROM accounts")).containsExactly("1|100", "2|100");
    }

    @Test
    void undoesNothingWhenARevisionOnTheWayDownCannotBeUndone() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("irreversible", "head"));
        shop.await(AtTarget);

        shop.change("targetRevision: i1_addresses");
        shop.await(IrreversibleRevision);

        assertThat(shop.message()).contains("i2_forget_addresses").contains("nothing was run");
        assertThat(database.revisions()).containsExactly("i3_regions");
        assertThat(database.tables()).containsExactly("alembic_version", "regions");
    }

    @Test
    void runsNothingWhereAnIdIsTooLongForTheVersionTable() {
        Database database = team.databaseWithSecret();

        Migration shop = team.migration(Team.tree("long-id", "head"));
        shop.await(MigrationFailed);

        assertThat(shop.message())
                .contains("20261122_0001_add_the_table_of_all_the_customers")
                .contains("32");
        assertThat(database.tables()).isEmpty();
    }

    @Test
    void believesTheVersionTableAndNotTheExitStatus() {
        Database database = team.databaseWithSecret();

        Migration shop = team.migration(Team.tree("early-sql", "head"));
        shop.await(NotApplied);

        assertThat(shop.message()).contains("before context.configure()");
        assertThat(database.tables()).isEmpty();
    }

    @Test
    void showsTheFirstOfALongErrorAndLogsTheRest() {
        team.databaseWithSecret();

        Migration shop = team.migration(Team.tree("loud", "head"));
        LastFailure failure = Objects.requireNonNull(shop.await(MigrationFailed).lastFailure());

        assertThat(failure.sqlState()).isEqualTo("22P02");
        assertThat(failure.statement()).hasSize(500).startsWith("SELECT CAST('begin xxx");
        assertThat(failure.message()).hasSizeLessThanOrEqualTo(1_000);
        assertThat(shop.podLogs()).contains("x".repeat(10_000) + " end");
    }
}
