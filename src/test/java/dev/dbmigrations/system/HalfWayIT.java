package dev.dbmigrations.system;

import static dev.dbmigrations.api.Reason.AtTarget;
import static dev.dbmigrations.api.Reason.PartiallyApplied;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.api.DatabaseMigrationStatus.LastFailure;
import dev.dbmigrations.api.DatabaseMigrationStatus.LeftBehind;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A revision that multiplies all balances, leaves its transaction for an index, and then fails. Tried again blindly, it
 * would end at the target with all balances multiplied twice.
 */
@Execution(ExecutionMode.CONCURRENT)
class HalfWayIT {

    private static final String UPDATE = "UPDATE accounts SET balance = balance * 100";
    private static final String INDEX =
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS accounts_balance ON accounts (balance)";
    private static final String INDEX_IS_VALID =
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'accounts_balance'::regclass";

    private static final String THE_INDEX_WAITS = """
            SELECT pid FROM pg_stat_activity WHERE datname = current_database()
            AND query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event = 'virtualxid'""";

    @RegisterExtension
    final Team team = new Team();

    private Database database;
    private Migration shop;

    @BeforeEach
    void accountsAreInEuros() {
        database = team.databaseWithSecret();
        shop = team.migration(Team.tree("cents", "c1_accounts", "checkInterval: 1s"));
        shop.await(AtTarget);
        assertThat(balance()).isEqualTo("1");
    }

    @Test
    void aLockTimeoutIsNoGroundToMultiplyAgain() {
        database.keepOpen("LOCK TABLE orders");
        shop.change("""
                targetRevision: head
                lockTimeout: 500ms
                """);

        LastFailure failure =
                Objects.requireNonNull(shop.await(PartiallyApplied).lastFailure());
        assertThat(failure.sqlState()).isEqualTo("55P03");
        assertThat(failure.retryAt()).isNull();
        assertThat(failure.currentRevisions()).containsExactly("c1_accounts");
        assertThat(failure.leftBehind())
                .isEqualTo(new LeftBehind(List.of("c2_cents"), List.of(), List.of(UPDATE, INDEX)));
        assertThat(shop.message())
                .isEqualTo("revision c2_cents failed: canceling statement due to lock timeout (SQLSTATE 55P03);"
                        + " revision c2_cents is not recorded, but committed `" + UPDATE + "`, `" + INDEX
                        + "`; the version table says c1_accounts; finish it or undo it by hand, then set the annotation"
                        + " dbmigrations.dev/retry");
        database.closeAll();
        staysAsItIs();

        // A person finishes the revision, and records it.
        database.run("ALTER TABLE orders ADD note text; UPDATE alembic_version SET version_num = 'c2_cents'");
        shop.retry("finished");
        shop.await(AtTarget);
        assertThat(balance()).isEqualTo("100");
        assertThat(database.ask(INDEX_IS_VALID)).containsExactly("t");
    }

    @Test
    void anIndexThatIsNotValidIsNamedAndNeverTakenForBuilt() {
        // The index waits until this one, which may still look at the table as it was, has ended.
        database.keepOpen("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM accounts");
        shop.change("""
                targetRevision: head
                statementTimeout: 2s
                """);

        LastFailure failure =
                Objects.requireNonNull(shop.await(PartiallyApplied).lastFailure());
        assertThat(failure.leftBehind())
                .isEqualTo(new LeftBehind(List.of("c2_cents"), List.of("public.accounts_balance"), List.of(UPDATE)));
        assertThat(shop.message()).contains("index public.accounts_balance is invalid", "`" + UPDATE + "`");
        database.closeAll();
        staysAsItIs();

        // Asked for before anything was mended, it runs nothing.
        shop.retry("too early");
        shop.await(PartiallyApplied, "the word was heard", status -> "too early".equals(status.lastHandledRetry()));
        await().until(() -> shop.message().contains("IF NOT EXISTS in revision c2_cents would leave it so"));
        assertThat(Objects.requireNonNull(shop.status().lastFailure()).leftBehind())
                .isEqualTo(failure.leftBehind());
        staysAsItIs();

        aPersonUndoesWhatHadStayed();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anIndexThatWasCutOffIsNeverBuiltAgainByItself(boolean podIsLost) {
        database.keepOpen("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM accounts");
        shop.change("targetRevision: head");
        await("the index waits for the old transaction")
                .atMost(Duration.ofMinutes(2))
                .until(() -> !database.ask(THE_INDEX_WAITS).isEmpty());
        if (podIsLost) {
            shop.killPods();
        } else {
            database.ask("SELECT pg_terminate_backend(pid) FROM (" + THE_INDEX_WAITS + ") AS waiting");
        }

        shop.await(PartiallyApplied);
        assertThat(shop.message()).contains("public.accounts_balance");
        assertThat(database.ask(INDEX_IS_VALID)).containsExactly("f");
        database.closeAll();
        staysAsItIs();

        aPersonUndoesWhatHadStayed();
    }

    private void aPersonUndoesWhatHadStayed() {
        database.run("DROP INDEX accounts_balance");
        database.run("UPDATE accounts SET balance = balance / 100");
        shop.retry("undone");
        shop.await(AtTarget);
        assertThat(balance()).isEqualTo("100");
        assertThat(database.ask(INDEX_IS_VALID)).containsExactly("t");
    }

    private void staysAsItIs() {
        int jobs = shop.jobs().size();
        await().during(Duration.ofSeconds(8))
                .atMost(Duration.ofSeconds(30))
                .until(() -> shop.jobs().size() == jobs && balance().equals("100"));
        assertThat(database.revisions()).containsExactly("c1_accounts");
    }

    private String balance() {
        return database.ask("SELECT balance FROM accounts").getFirst();
    }
}
