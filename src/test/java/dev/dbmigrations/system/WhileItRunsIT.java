package dev.dbmigrations.system;

import static dev.dbmigrations.api.Reason.Applying;
import static dev.dbmigrations.api.Reason.AtTarget;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.api.DatabaseMigrationStatus.Attempt;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What happens while a Job is at work. The tree's second revision works until the test opens its gate. */
@Execution(ExecutionMode.CONCURRENT)
class WhileItRunsIT {

    @RegisterExtension
    final Team team = new Team();

    private Database database;
    private Migration shop;

    @BeforeEach
    void aJobIsInTheMiddleOfItsSecondRevision() {
        database = team.databaseWithSecret();
        database.run("CREATE TABLE gate (open boolean)");
        shop = team.migration(Team.tree("slow", "head", "alembic: {arguments: [transaction=each]}", "lockTimeout: 5m"));
        shop.await(
                Applying,
                "a revision executed",
                status -> status.attempt() != null
                        && Integer.valueOf(1).equals(status.attempt().stepsExecuted()));
    }

    private void openTheGate() {
        database.run("INSERT INTO gate VALUES (true)");
    }

    @Test
    void saysHowFarItIs() {
        assertThat(shop.message()).contains("1 of 3 revisions executed");
        shop.await(
                Applying,
                "its step is named",
                status -> "s2_waits"
                        .equals(Objects.requireNonNull(status.attempt()).revision()));
        shop.awaitEvent("Normal Step");
        assertThat(shop.status().currentRevision()).isIn("", "s1_before");

        openTheGate();

        assertThat(shop.await(AtTarget).currentRevision()).isEqualTo("s3_after");
    }

    @Test
    void saysWhoKeepsItWaiting() {
        Thread.startVirtualThread(() -> {
            try {
                database.run("SET application_name = 'report'; BEGIN; LOCK TABLE before_it; SELECT pg_sleep(50)");
            } catch (AssertionError | IllegalStateException ended) {
                // By the line below.
            }
        });
        await("the table is locked")
                .atMost(Duration.ofMinutes(1))
                .until(() -> !database.ask(
                                "SELECT mode FROM pg_locks WHERE relation = 'before_it'::regclass AND granted")
                        .isEmpty());
        openTheGate();

        Attempt waiting = Objects.requireNonNull(shop.await(
                        Applying,
                        "it waits for a lock",
                        status -> status.attempt() != null
                                && status.attempt().revision() != null
                                && status.attempt().waitsFor() != null)
                .attempt());
        assertThat(waiting.revision()).isEqualTo("s3_after");
        assertThat(waiting.waitsFor()).matches("a lock on public\\.before_it that session [0-9]+ \\(report\\) has.*");
        assertThat(shop.message()).contains(waiting.waitsFor());
        shop.awaitEvent("Warning Blocked");

        database.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'report'");
        shop.await(AtTarget);
    }

    @Test
    void goesOnWithTheSameJobWhenTheOperatorIsKilled() {
        InstalledOperator.shared().kill();
        openTheGate();

        shop.await(AtTarget);
        assertThat(shop.jobs()).hasSize(1);
        shop.awaitEvents("Normal Started", "Normal Migrated");
    }

    @Test
    void letsTheJobEndBeforeItFollowsAChangeOfTheSpec() {
        shop.change("targetRevision: s1_before");
        shop.await(Applying);
        openTheGate();

        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("s1_before");
        assertThat(database.statesEverCommitted()).contains(List.of("s3_after"));
        assertThat(shop.jobs()).hasSize(2);
    }

    @Test
    void takesTheJobAlongWhenTheResourceIsDeletedAndLeavesTheDatabase() {
        shop.delete();

        await("no Job and no session")
                .atMost(Duration.ofMinutes(2))
                .until(() -> shop.jobs().isEmpty() && database.sessions().isEmpty());
        assertThat(database.revisions()).containsExactly("s1_before");
        assertThat(database.tables()).containsExactly("alembic_version", "before_it");
    }

    @Test
    void triesAgainWhenThePodIsLost() {
        List<String> killed = database.backends();
        shop.killPods();
        await("the killed run's sessions are gone")
                .atMost(Duration.ofMinutes(2))
                .until(() -> Collections.disjoint(database.backends(), killed));
        openTheGate();

        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("s3_after");
        assertThat(shop.jobs()).hasSizeGreaterThan(1);
        shop.awaitEvent("Warning Interrupted");
    }
}
