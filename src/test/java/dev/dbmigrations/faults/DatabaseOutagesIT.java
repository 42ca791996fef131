package dev.dbmigrations.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.api.DatabaseMigrationStatus.LastFailure;
import dev.dbmigrations.api.Reason;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** A database that goes away and comes back, as it was or as it was some time ago. */
@Execution(ExecutionMode.CONCURRENT)
@ExtendWith(CountedCases.class)
class DatabaseOutagesIT {

    private static final String LOOK_OFTEN = "checkInterval: 1s\n";

    /** One of its own: an outage is for all databases of a server at once. */
    private static final class Own {
        static final LedgerServer SERVER = LedgerServer.start();
    }

    @Test
    @ResourceLock("a server of our own")
    void goesOnWhenTheServerIsBack() {
        playOutage(0);
    }

    /** By then the operator looks as seldom as it ever does. */
    @Test
    @ResourceLock("a server of our own")
    @EnabledIfSystemProperty(named = "faults.cases", matches = "all")
    void goesOnWhenTheServerIsBackAfterLong() {
        playOutage(25);
    }

    /** @param seconds so long it is seen to be away, at least */
    private static void playOutage(int seconds) {
        LedgerServer server = Own.SERVER;
        try (OnStage whole = new OnStage(server::empty);
                OnStage oneByOne = new OnStage(server::empty);
                OnStage made = new OnStage(server::empty);
                OnStage atRest = new OnStage(server::empty)) {
            List<OnStage> all = List.of(whole, oneByOne, made, atRest);
            atRest.stage().create(DatabaseFaultsIT.UP + LOOK_OFTEN);
            atRest.stage().awaitReason(Reason.AtTarget);
            atTheGate(whole.stage(), DatabaseFaultsIT.UP);
            atTheGate(oneByOne.stage(), DatabaseFaultsIT.UP_ONE_BY_ONE);

            server.stopAtOnce();
            made.stage().create(DatabaseFaultsIT.UP);
            all.forEach(one -> one.stage().awaitReason(Reason.DatabaseUnreachable));
            await().atMost(Duration.ofMinutes(2)).until(() -> isAwayFor(made.stage(), seconds));

            server.startAgain();
            Recovery recovery = new Recovery("server away for %d s or more".formatted(seconds));
            all.forEach(one -> recovery.begins(one.stage()));
            List.of(whole, oneByOne).forEach(one -> one.stage().database().openTheGate());
            all.forEach(one -> {
                one.stage().awaitReason(Reason.AtTarget);
                recovery.ends(one.stage());
            });

            assertThat(whole.end(Set.of())).isEqualTo(DatabaseFaultsIT.upgradedBy(2));
            assertThat(oneByOne.end(Set.of()))
                    .usingRecursiveComparison()
                    .ignoringFields("history")
                    .isEqualTo(DatabaseFaultsIT.upgradedBy(2));
            assertThat(made.end(Set.of())).isEqualTo(DatabaseFaultsIT.upgradedBy(1));
            assertThat(atRest.end(Set.of())).isEqualTo(DatabaseFaultsIT.upgradedBy(1));
        }
    }

    private static void atTheGate(Stage stage, String spec) {
        stage.database().closeTheGate();
        stage.create(spec);
        stage.awaitSomeoneAtTheGate();
    }

    private static boolean isAwayFor(Stage stage, int seconds) {
        LastFailure failure = Objects.requireNonNull(
                stage.awaitReason(Reason.DatabaseUnreachable).lastFailure());
        return failure.at().plusSeconds(seconds).isBefore(Instant.now());
    }

    /** A replica that has not heard of the newest revisions takes over: of one resource at rest, of another in its run. */
    @Test
    void goesBackAndForwardAgainWithAReplicaThatLostTheNewest() {
        LedgerServer primary = LedgerServer.start();
        try (DatabaseProxy proxy = new DatabaseProxy(primary);
                OnStage atRest = new OnStage(primary::empty);
                OnStage running = new OnStage(primary::empty)) {
            List<Stage> stages = List.of(atRest.stage(), running.stage());
            stages.forEach(stage -> stage.credentials(stage.database().credentialsBy(proxy.address(), proxy.port())));
            atRest.stage().create(LOOK_OFTEN + DatabaseFaultsIT.UP.replace("head", Trees.FIRST));
            atRest.stage().awaitReason(Reason.AtTarget);
            LedgerServer replica = primary.replica();
            replica.hearNoMore();
            atRest.stage().change("targetRevision: head");
            atRest.stage().awaitReason(Reason.AtTarget);
            atTheGate(running.stage(), DatabaseFaultsIT.UP_ONE_BY_ONE);

            stages.forEach(Stage::losesTheNewest);
            primary.stopAtOnce();
            replica.promote();
            stages.forEach(stage -> stage.continuesIn(
                    new LedgerDatabase(replica, stage.database().name())));
            proxy.leadTo(replica);

            saysItWasTakenBack(atRest.stage());
            running.stage().awaitReason(Reason.AtTarget);
            assertThat(atRest.end(Set.of(Trees.SECOND, Trees.THIRD)).history())
                    .containsExactly(
                            "Upgrade from [r1_first] to [r3_third]",
                            "Upgrade from [r1_first] to [r3_third]",
                            "Upgrade from [] to [r1_first]");
            assertThat(running.end(Set.of(Trees.FIRST)))
                    .usingRecursiveComparison()
                    .ignoringFields("history")
                    .isEqualTo(DatabaseFaultsIT.upgradedBy(2));
        }
    }

    private static void saysItWasTakenBack(Stage stage) {
        stage.awaitEvent("Warning Drifted");
        stage.awaitReason(
                Reason.AtTarget,
                "brought forward again",
                status -> Objects.requireNonNull(status.history()).size() == 3);
    }

    @Test
    void goesBackAndForwardAgainWithARestoredBackup() {
        LedgerServer server = LedgerServer.shared();
        try (OnStage play = new OnStage(server::empty)) {
            Stage stage = play.stage();
            stage.create(LOOK_OFTEN + DatabaseFaultsIT.UP.replace("head", Trees.FIRST));
            stage.awaitReason(Reason.AtTarget);
            String name = stage.database().name();
            String backup = name + "-backup";
            await("nobody in the database")
                    .ignoreExceptions()
                    .until(() -> server.copy(name, backup, ""), Objects::nonNull);
            stage.change("targetRevision: head");
            stage.awaitReason(Reason.AtTarget);

            stage.losesTheNewest();
            stage.database().drop();
            server.run("postgres", "ALTER DATABASE \"%s\" RENAME TO \"%s\"".formatted(backup, name));

            saysItWasTakenBack(stage);
            assertThat(play.end(Set.of(Trees.SECOND, Trees.THIRD)).revisions()).containsExactly(Trees.THIRD);
            assertThat(stage.jobsMade()).hasSize(3);
        }
    }
}
