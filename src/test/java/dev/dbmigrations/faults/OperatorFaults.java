package dev.dbmigrations.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.api.Reason;
import dev.dbmigrations.testing.OperatorImage;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** What befalls the operator's own pods in the middle of a run. Each ends as undisturbed, with the one Job. */
final class OperatorFaults {

    private static final Duration A_MINUTE = Duration.ofMinutes(1);

    /** The standby waits for a silent leader for so long at most. */
    private static final Duration TAKEN_OVER = Duration.ofSeconds(20);

    private OperatorFaults() {}

    /** Its process dies without a word, and the same pod starts it again; meanwhile the run ends. */
    static void killed(Scene scene) {
        scene.beginAndStayInTheMiddle();
        Pod pod = scene.operator().leader();
        Instant killed = Instant.now();
        Signals.send(scene.ground().cluster().node(), pod, "KILL");
        scene.goOnToTheEnd();
        Scene.measured(
                "operator killed → next status",
                scene.until(killed, status -> Scene.says(status, Reason.AtTarget)),
                TAKEN_OVER);
        scene.endsAsUndisturbed(1);
        assertThat(scene.operator().restarts()).isEqualTo(1);
    }

    /** As a drain does: it stops in order, and another pod takes over. */
    static void evicted(Scene scene) {
        scene.beginAndStayInTheMiddle();
        Pod pod = scene.operator().leader();
        scene.evict(pod);
        scene.awaitGone(pod);
        scene.goOnToTheEnd();
        scene.endsAsUndisturbed(1);
    }

    static void leaderKilledWithAStandby(Scene scene) {
        scene.beginAndStayInTheMiddle();
        Pod pod = scene.operator().leader();
        Instant killed = Instant.now();
        scene.client().pods().resource(pod).withGracePeriod(0).delete();
        scene.goOnToTheEnd();
        Scene.measured(
                "leader killed → the standby's first status",
                scene.until(killed, status -> Scene.says(status, Reason.AtTarget)),
                TAKEN_OVER);
        scene.endsAsUndisturbed(1);
    }

    /** Two installations that know nothing of each other look after one namespace. */
    static void twoAtOnce(Scene scene) {
        try (Installation other = new Installation(
                scene.ground().cluster(), "other", scene.stage().namespace(), Map.of("leaderElection", false))) {
            other.awaitReady();
            scene.beginAndStayInTheMiddle();
            scene.goOnToTheEnd();
            scene.endsAsUndisturbed(1);
            scene.stage().awaitQuiet();
        }
    }

    /** Frozen while its run is at work; when it thaws, another one leads. */
    static void frozenAndThawed(Scene scene) {
        scene.beginAndStayInTheMiddle();
        Pod frozen = freezeTheLeader(scene);
        scene.stage().database().openTheGate();
        Signals.send(scene.ground().cluster().node(), frozen, "CONT");
        scene.stage().awaitReason(Reason.AtTarget);
        scene.endsAsUndisturbed(1);
    }

    /** Frozen before there is anything to do; when it thaws, the other one's run is at work. */
    static void frozenBeforeTheJob(Scene scene) {
        Pod frozen = freezeTheLeader(scene);
        scene.beginAndStayInTheMiddle();
        Signals.send(scene.ground().cluster().node(), frozen, "CONT");
        await("the thawed one notices that it leads no more")
                .atMost(A_MINUTE)
                .until(() -> scene.operator().restarts() == 1);
        scene.goOnToTheEnd();
        scene.endsAsUndisturbed(1);
    }

    private static Pod freezeTheLeader(Scene scene) {
        Pod leader = scene.operator().leader();
        Instant frozen = Instant.now();
        Signals.send(scene.ground().cluster().node(), leader, "STOP");
        String name = leader.getMetadata().getName();
        await("another one leads")
                .atMost(A_MINUTE)
                .pollInterval(Duration.ofMillis(100))
                .until(() -> {
                    String holder = scene.operator().holder();
                    return !holder.isEmpty() && !holder.equals(name);
                });
        Scene.measured("leader frozen → another one leads", Duration.between(frozen, Instant.now()), TAKEN_OVER);
        return leader;
    }

    /** To an image of another tag, and back. */
    static void upgradedAndRolledBack(Scene scene) {
        scene.ground().cluster().importImage(OperatorImage.again("next"));
        scene.beginAndStayInTheMiddle();
        List<Pod> before = scene.operator().pods();
        scene.operator().upgrade(Map.of("image.tag", "next"));
        scene.operator().awaitReady();
        assertThat(scene.operator().pods()).doesNotContainAnyElementsOf(before);
        scene.stage().awaitReason(Reason.Applying);
        scene.operator().upgrade(Map.of("image.tag", OperatorImage.TAG));
        scene.operator().awaitReady();
        scene.goOnToTheEnd();
        scene.endsAsUndisturbed(1);
    }

    /** Its limit is too low for it, until somebody raises it; meanwhile the run ends. */
    static void outOfMemory(Scene scene) {
        scene.beginAndStayInTheMiddle();
        scene.operator().upgrade(memory("24Mi"));
        await("it is killed for its memory")
                .atMost(Duration.ofMinutes(2))
                .until(() -> scene.operator().pods().stream()
                        .flatMap(pod -> pod.getStatus().getContainerStatuses().stream())
                        .anyMatch(status -> status.toString().contains("OOMKilled")));
        scene.stage().database().openTheGate();
        scene.awaitNobodyInTheDatabase();
        scene.operator().upgrade(memory("256Mi"));
        scene.goOnToTheEnd();
        scene.endsAsUndisturbed(1);
    }

    private static Map<String, String> memory(String limit) {
        return Map.of("resources.limits.memory", limit, "resources.requests.memory", limit);
    }

    /** With a twentieth of a processor it is slow, and loses no lease by it. */
    static void throttled(Scene scene) {
        scene.beginAndStayInTheMiddle();
        scene.goOnToTheEnd();
        scene.endsAsUndisturbed(1);
        assertThat(scene.operator().transitions()).isLessThanOrEqualTo(1);
        assertThat(scene.operator().restarts()).isZero();
    }
}
