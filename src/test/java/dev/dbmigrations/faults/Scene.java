package dev.dbmigrations.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.faults.ApiWatch.Seen;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.awaitility.Awaitility;

/**
 * One case in a cluster while it is played.
 *
 * @param ground where
 * @param stage its namespace, database and resource
 * @param operator that looks after it
 */
record Scene(Ground ground, Stage stage, Installation operator) {

    /** What {@code HEAD} ends as where nothing happens. */
    private static final End UNDISTURBED = new End(
            "True AtTarget",
            List.of(Trees.THIRD),
            List.of(Trees.THIRD),
            List.of("Upgrade from [] to [" + Trees.THIRD + "]"),
            List.of(Trees.THIRD),
            1);

    /** All three revisions in one transaction. */
    static final String HEAD = "targetRevision: head\n" + Scenario.LEDGER;

    KubernetesClient client() {
        return ground.client();
    }

    /** Starts an upgrade to {@link #HEAD}, and waits until its run is in the middle of the second revision. */
    void beginAndStayInTheMiddle() {
        beginAndStayInTheMiddle(HEAD);
    }

    /** The same with this spec. */
    void beginAndStayInTheMiddle(String spec) {
        stage.database().closeTheGate();
        stage.create(spec);
        stage.awaitSomeoneAtTheGate();
    }

    /** Lets the run go on, and waits until the status says that all is done. */
    void goOnToTheEnd() {
        stage.database().openTheGate();
        stage.awaitReason(Reason.AtTarget);
    }

    /** Fails unless it ends as undisturbed, with so many Jobs. */
    void endsAsUndisturbed(int jobs) {
        stage.awaitResultTakenIn();
        assertThat(stage.end())
                .isEqualTo(new End(
                        UNDISTURBED.ready(),
                        UNDISTURBED.current(),
                        UNDISTURBED.resolved(),
                        UNDISTURBED.history(),
                        UNDISTURBED.revisions(),
                        jobs));
    }

    /** {@return how long it took from then until the status was first so} */
    Duration until(Instant start, Predicate<DatabaseMigrationStatus> holds) {
        Optional<Seen<DatabaseMigration>> first = Awaitility.await("a status after " + start)
                .atMost(Duration.ofMinutes(2))
                .pollInterval(Duration.ofMillis(50))
                .until(() -> firstSince(start, holds), Optional::isPresent);
        return Duration.between(start, first.orElseThrow().at());
    }

    private Optional<Seen<DatabaseMigration>> firstSince(Instant start, Predicate<DatabaseMigrationStatus> holds) {
        return stage.versions().stream()
                .filter(version -> version.at().isAfter(start)
                        && holds.test(version.object().getStatus()))
                .findFirst();
    }

    /** Waits for this reason, and {@return what the status says with it} */
    String message(Reason reason) {
        return stage.awaitReason(reason).condition("Ready").orElseThrow().getMessage();
    }

    /** {@return whether a status ever gave this reason} */
    boolean everSaid(Reason reason) {
        return stage.versions().stream()
                .anyMatch(version -> says(version.object().getStatus(), reason));
    }

    static boolean says(DatabaseMigrationStatus status, Reason reason) {
        return status != null
                && status.condition("Ready")
                        .filter(ready -> ready.getReason().equals(reason.name()))
                        .isPresent();
    }

    /** Asks the API server to evict a pod, as a drain does. */
    void evict(Pod pod) {
        assertThat(client().pods().resource(pod).evict()).as("evicted").isTrue();
    }

    /** Waits until the pod is gone. */
    void awaitGone(Pod pod) {
        Awaitility.await("no pod " + pod.getMetadata().getName())
                .atMost(Duration.ofMinutes(2))
                .until(() -> client().pods().resource(pod).get() == null);
    }

    /** Waits until this session no longer works in the database. */
    void awaitNobodyInTheDatabase() {
        Awaitility.await("nobody in " + stage.namespace())
                .atMost(Duration.ofMinutes(1))
                .until(() -> stage.database().sessions() == 0);
    }

    /** Says what was measured, for docs/reliability.md. A busy machine is slow, and no test fails by that. */
    static void measured(String what, Duration time, Duration promised) {
        System.out.printf("measured: %s: %.1f s, promised %d s%n", what, time.toMillis() / 1e3, promised.toSeconds());
    }
}
