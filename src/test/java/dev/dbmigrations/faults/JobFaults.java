package dev.dbmigrations.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.api.Reason;
import dev.dbmigrations.testing.TestImages;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;

/** What befalls a run's Job and its pod. */
final class JobFaults {

    private JobFaults() {}

    /** It is told to end: it rolls back and says so, and that is no failure of the migration. */
    static void evicted(Scene scene) {
        scene.beginAndStayInTheMiddle();
        Pod pod = scene.stage().pod();
        scene.evict(pod);
        anotherOneFollows(scene, pod);
        assertThat(scene.everSaid(Reason.MigrationFailed)).isFalse();
    }

    /** Its process dies without a word in the middle of a revision. */
    static void killed(Scene scene) {
        scene.beginAndStayInTheMiddle();
        Pod pod = scene.stage().pod();
        Signals.send(scene.ground().cluster().node(), pod, "KILL");
        anotherOneFollows(scene, pod);
    }

    /** The pod is taken off the API server's list before it has ended: its process may still be there. */
    static void removedByForce(Scene scene) {
        scene.beginAndStayInTheMiddle();
        Pod pod = scene.stage().pod();
        scene.client().pods().resource(pod).withGracePeriod(0).delete();
        anotherOneFollows(scene, pod);
    }

    static void jobDeleted(Scene scene) {
        scene.beginAndStayInTheMiddle();
        Pod pod = scene.stage().pod();
        delete(scene, scene.stage().jobs().getFirst());
        anotherOneFollows(scene, pod);
    }

    private static void anotherOneFollows(Scene scene, Pod first) {
        scene.stage().awaitReason(Reason.Interrupted);
        String before = first.getMetadata().getName();
        await("another run at the gate")
                .atMost(Duration.ofMinutes(2))
                .until(() -> scene.stage().database().someoneIsAtTheGate()
                        && scene.stage().pods().stream()
                                .anyMatch(pod -> pod.getStatus().getPhase().equals("Running")
                                        && !pod.getMetadata().getName().equals(before)));
        scene.goOnToTheEnd();
        scene.endsAsUndisturbed(2);
    }

    /** The operator is away; when it comes back, only the database knows that all was done. */
    static void jobDeletedAfterItsEnd(Scene scene) {
        scene.beginAndStayInTheMiddle("targetRevision: " + Trees.THIRD + "\n" + Scenario.LEDGER);
        scene.operator().scale(0);
        Job job = scene.stage().jobs().getFirst();
        scene.stage().database().openTheGate();
        await("the Job is over")
                .atMost(Duration.ofMinutes(2))
                .until(() -> Objects.requireNonNullElse(
                                scene.stage().jobs().getFirst().getStatus().getSucceeded(), 0)
                        == 1);
        delete(scene, job);
        await("nothing of the Job")
                .atMost(Duration.ofMinutes(1))
                .until(() ->
                        scene.stage().jobs().isEmpty() && scene.stage().pods().isEmpty());
        scene.operator().scale(1);
        scene.stage().awaitReason(Reason.AtTarget);
        End end = scene.stage().end();
        assertThat(end.jobs()).isEqualTo(1);
        assertThat(end.current()).containsExactly(Trees.THIRD);
    }

    private static void delete(Scene scene, Job job) {
        scene.client()
                .resource(job)
                .withPropagationPolicy(DeletionPropagation.BACKGROUND)
                .delete();
    }

    /** Its limit is too low for Python itself, until the spec raises it. */
    static void outOfMemory(Scene scene) {
        scene.stage().create(Scene.HEAD + "job: {resources: {limits: {memory: 12Mi}}}");
        assertThat(scene.message(Reason.Interrupted)).contains("out of memory; raise spec.job.resources.limits.memory");
        scene.stage().change("job: {resources: {limits: {memory: 256Mi}}}");
        scene.stage().awaitReason(Reason.AtTarget);
        assertThat(scene.stage().end().current()).containsExactly(Trees.THIRD);
    }

    /** The node learns of the image while the pod waits for it. */
    static void imageComesLater(Scene scene) {
        String image = "dbmigrations/ledger-trees:later-" + scene.stage().namespace();
        TestImages.tag(Trees.IMAGE, image);
        scene.stage().create(Scene.HEAD);
        scene.stage().change("image: " + image);
        String message = scene.message(Reason.WaitingForPod);
        assertThat(message).contains(image);
        scene.ground().cluster().importImage(image);
        scene.stage().awaitReason(Reason.AtTarget);
    }

    static void failureShows(Scene scene) {
        scene.stage().database().closeTheGate();
        scene.stage().create("targetRevision: head\n" + Scenario.BROKEN);
        scene.stage().awaitSomeoneAtTheGate();
        Instant failing = Instant.now();
        scene.stage().database().openTheGate();
        Scene.measured(
                "revision fails → Stalled with MigrationFailed",
                scene.until(
                        failing,
                        status -> Scene.says(status, Reason.MigrationFailed)
                                && status.condition("Stalled").isPresent()),
                Duration.ofSeconds(5));
    }
}
