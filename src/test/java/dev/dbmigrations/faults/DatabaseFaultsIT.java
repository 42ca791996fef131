package dev.dbmigrations.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.api.Reason;
import dev.dbmigrations.faults.DatabaseProxy.Moment;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A database that is there, and does not do what it should. Each case ends where it would have ended undisturbed. */
@Execution(ExecutionMode.CONCURRENT)
@ExtendWith(CountedCases.class)
class DatabaseFaultsIT {

    static final String UP = "targetRevision: head\nalembic: {workingDir: /trees/ledger}\n";
    static final String UP_ONE_BY_ONE =
            "targetRevision: head\nalembic: {workingDir: /trees/ledger, arguments: [transaction=each]}\n";

    private final LedgerServer server = LedgerServer.shared();

    private static final class Undisturbed {
        static final End END =
                Play.of(Scenario.UPGRADE, instance -> Fault.Plan.NONE).end();
    }

    /** {@return how an upgrade to the head ends, with so many Jobs} */
    static End upgradedBy(int jobs) {
        End end = Undisturbed.END;
        return new End(end.ready(), end.current(), end.resolved(), end.history(), end.revisions(), jobs);
    }

    static End play(Set<String> mayGoDown, boolean atHead, Consumer<Stage> script) {
        return Play.of(new Scenario("", atHead, mayGoDown, script), instance -> Fault.Plan.NONE)
                .end();
    }

    static End play(Consumer<Stage> script) {
        return play(Set.of(), false, script);
    }

    private End playWithCut(Moment moment, String spec) {
        try (DatabaseProxy proxy = new DatabaseProxy(server)) {
            proxy.cut(moment);
            End end = play(stage -> {
                stage.credentials(stage.database().credentialsBy(proxy.address(), proxy.port()));
                stage.create(spec);
                stage.awaitReason(Reason.AtTarget);
            });
            assertThat(proxy.hasCut()).isTrue();
            return end;
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Moment.class,
            names = {"AT_ITS_START", "BEFORE_COMMIT"})
    void beginsAnewWhereTheConnectionIsLostBeforeTheCommit(Moment moment) {
        assertThat(playWithCut(moment, UP)).isEqualTo(upgradedBy(2));
    }

    @Test
    void readsBackWhatBecameOfACommitWhoseAnswerIsLost() {
        assertThat(playWithCut(Moment.BEFORE_THE_ANSWER, UP)).isEqualTo(upgradedBy(1));
    }

    @Test
    void goesOnAfterTheRevisionWhoseCommitWasInDoubt() {
        End end = playWithCut(Moment.BEFORE_THE_ANSWER, UP_ONE_BY_ONE);
        assertThat(end.history())
                .containsExactly("Upgrade from [r1_first] to [r3_third]", "Upgrade from [] to [r1_first]");
        assertThat(end).usingRecursiveComparison().ignoringFields("history").isEqualTo(upgradedBy(2));
    }

    @Test
    void waitsUntilTheDatabaseCanBeWrittenTo() {
        Recovery recovery = new Recovery("read-only database");
        End end = play(stage -> {
            String alter = "ALTER DATABASE \"" + stage.database().name() + "\" ";
            stage.database().run(alter + "SET default_transaction_read_only = on");
            stage.create(UP);
            stage.awaitReason(Reason.DatabaseUnreachable);
            assertThat(stage.message()).contains("read-only").contains("25006");
            await("no Job that would only say the same")
                    .during(Duration.ofSeconds(6))
                    .until(() -> stage.jobsMade().size() == 1);

            server.run("postgres", alter + "RESET default_transaction_read_only");
            recovery.begins(stage);
            stage.awaitReason(Reason.AtTarget);
            recovery.ends(stage);
        });
        assertThat(end).isEqualTo(upgradedBy(2));
    }

    @Test
    void waitsUntilThereIsAConnectionForTheOperator() {
        assertThat(playWithConnections(0)).isEqualTo(upgradedBy(1));
    }

    @Test
    void waitsUntilThereAreConnectionsForARun() {
        assertThat(playWithConnections(1))
                .usingRecursiveComparison()
                .ignoringFields("jobs")
                .isEqualTo(upgradedBy(2));
    }

    private static End playWithConnections(int limit) {
        return play(stage -> {
            String alter = "ALTER DATABASE \"" + stage.database().name() + "\" CONNECTION LIMIT ";
            stage.database().run(alter + limit);
            stage.create(UP);
            stage.awaitReason(Reason.DatabaseUnreachable);
            assertThat(stage.message()).contains("too many");
            stage.database().run(alter + -1);
            stage.awaitReason(Reason.AtTarget);
        });
    }

    @Test
    void waitsUntilTheDiskHasRoom() {
        Ground ground = Ground.shared();
        Scenario scenario = new Scenario("", false, Set.of(), stage -> {
            // What the first session in a database needs room for is there.
            assertThat(stage.database().tables()).isEmpty();
            fillTheDisk();
            stage.create(UP);
            stage.awaitReason(Reason.DatabaseUnreachable);
            assertThat(stage.message()).contains("No space left on device").contains("53100");
            assertThat(stage.database().tables()).isEmpty();

            server.exec("rm", "/" + LedgerServer.SMALL + "/filler");
            stage.awaitReason(Reason.AtTarget);
        });
        End end = Play.on(
                        ground,
                        () -> new Stage(ground, server::emptyOnASmallDisk),
                        scenario,
                        instance -> Fault.Plan.NONE)
                .end();
        assertThat(end).usingRecursiveComparison().ignoringFields("jobs").isEqualTo(upgradedBy(2));
    }

    private void fillTheDisk() {
        String filler = "cat /dev/zero > /%s/filler 2>/dev/null || true".formatted(LedgerServer.SMALL);
        server.exec("sh", "-c", filler);
    }

    @Test
    void saysWhichRightIsMissingAndRunsNothing() {
        End end = play(stage -> {
            String alter = "ALTER DATABASE \"" + stage.database().name() + "\" OWNER TO ";
            stage.database().run(alter + "postgres");
            stage.create(UP);
            stage.awaitReason(Reason.MigrationFailed);
            assertThat(stage.message()).contains("permission denied for schema public", "42501", "GRANT");
            assertThat(stage.database().tables()).isEmpty();

            stage.database().run(alter + LedgerServer.ROLE);
            stage.retry();
            stage.awaitReason(Reason.AtTarget);
        });
        assertThat(end).isEqualTo(upgradedBy(2));
    }

    @Test
    void waitsUntilTheRoleMayConnect() {
        End end = play(stage -> {
            String database = "ON DATABASE \"" + stage.database().name() + "\" ";
            stage.database().run("REVOKE ALL " + database + "FROM public, " + LedgerServer.ROLE);
            stage.create(UP);
            stage.awaitReason(Reason.CredentialsRefused);
            assertThat(stage.message()).contains("GRANT CONNECT");
            stage.database().run("GRANT ALL " + database + "TO " + LedgerServer.ROLE);
            stage.awaitReason(Reason.AtTarget);
        });
        assertThat(end).isEqualTo(upgradedBy(1));
    }

    /** Whoever waits for a table makes all wait that come after: so nobody waits longer than the lock time-out. */
    @Test
    void keepsNobodyWaitingBehindALongTransaction() {
        play(Set.of(Trees.SECOND, Trees.THIRD), true, stage -> {
            stage.create("targetRevision: r3_third\nlockTimeout: 1s\nalembic: {workingDir: /trees/ledger}\n");
            stage.awaitReason(Reason.AtTarget);
            try (Connection report = server.connect(stage.database().name());
                    Statement statement = report.createStatement()) {
                report.setAutoCommit(false);
                statement.execute("SELECT count(*) FROM r3_third");
                waitsBehind(stage, "SELECT count(*) FROM r3_third");
                report.rollback();
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
            stage.awaitReason(Reason.AtTarget);
            assertThat(stage.database().revisions()).containsExactly(Trees.FIRST);
        });
    }

    private static void waitsBehind(Stage stage, String query) {
        try (Traffic traffic = new Traffic(stage.database(), query)) {
            stage.change("targetRevision: " + Trees.FIRST);
            stage.awaitReason(Reason.LockTimeout);
            assertThat(stage.message()).contains("55P03").contains("spec.lockTimeout");
            await().atMost(Duration.ofMinutes(1)).until(() -> stage.jobsMade().size() >= 2);
            stage.awaitReason(Reason.LockTimeout);
            // It has waited behind the migration, and was answered while the long transaction went on.
            assertThat(traffic.longestWait()).isGreaterThan(Duration.ofMillis(500));
        }
    }
}
