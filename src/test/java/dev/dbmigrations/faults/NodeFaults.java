package dev.dbmigrations.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.api.Reason;
import dev.dbmigrations.testing.Cluster;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import org.testcontainers.containers.GenericContainer;

/** What befalls the second node of two, where the operator or a run is at work. */
final class NodeFaults {

    private static final Duration LONG_ENOUGH = Duration.ofMinutes(3);

    /** The stand-in's, or the one that k3s is in one process with all else. */
    private static final String TO_KUBELET = """
            sent=0
            for p in /proc/[0-9]*; do
              tr '\\0' ' ' < $p/cmdline 2>/dev/null | grep -qE '^(kubernetes kubelet|(/bin/)?k3s agent) ' || continue
              kill -$1 ${p#/proc/} && sent=$((sent + 1))
            done
            [ $sent -gt 0 ]""";

    private NodeFaults() {}

    static void operatorsNodeDrained(Scene scene) {
        moveTheOperator(scene);
        scene.beginAndStayInTheMiddle();
        drained(scene, () -> {
            scene.operator().awaitReady();
            scene.goOnToTheEnd();
        });
        scene.endsAsUndisturbed(1);
    }

    /** The run rolls back, and the next one is on the other node. */
    static void jobsNodeDrained(Scene scene) {
        scene.beginAndStayInTheMiddle(Scene.HEAD + onTheSecondNode(scene));
        drained(scene, () -> {
            scene.stage().awaitReason(Reason.Interrupted);
            scene.stage().awaitSomeoneAtTheGate();
            scene.goOnToTheEnd();
        });
        scene.endsAsUndisturbed(2);
        assertThat(scene.everSaid(Reason.MigrationFailed)).isFalse();
    }

    private static void drained(Scene scene, Runnable meanwhile) {
        Cluster cluster = scene.ground().cluster();
        String node = Cluster.nameOf(cluster.secondNode());
        cluster.kubectl("drain", node, "--delete-emptydir-data", "--ignore-daemonsets", "--timeout=60s");
        try {
            meanwhile.run();
        } finally {
            cluster.kubectl("uncordon", node);
        }
    }

    /** The kubelet is silent, and the run works on: nobody else does until it has ended. */
    static void nodeSilentWhileTheRunGoesOn(Scene scene) {
        scene.beginAndStayInTheMiddle(Scene.HEAD + onTheSecondNode(scene));
        Pod pod = scene.stage().pod();
        silent(scene, () -> {
            giveUp(scene, pod);
            scene.goOnToTheEnd();
        });
        assertThat(scene.stage().end().current()).containsExactly(Trees.THIRD);
    }

    /** Node and run are frozen, with open connections to the database: a person ends the session that is named. */
    static void nodeFrozen(Scene scene) {
        scene.beginAndStayInTheMiddle(Scene.HEAD + onTheSecondNode(scene));
        Pod pod = scene.stage().pod();
        GenericContainer<?> node = scene.ground().cluster().secondNode();
        silent(scene, () -> {
            Signals.send(node, pod, "STOP");
            giveUp(scene, pod);
            scene.stage().database().openTheGate();
            scene.stage().awaitReason(Reason.LockTimeout);
            scene.stage().database().endSessionsOf("dbmigrations/%/1%");
            scene.stage().awaitReason(Reason.AtTarget);
            // Before its kubelet, which would kill it: it finds its sessions gone.
            Signals.send(node, pod, "CONT");
        });
        assertThat(scene.stage().end().current()).containsExactly(Trees.THIRD);
    }

    private static void silent(Scene scene, Runnable meanwhile) {
        GenericContainer<?> node = scene.ground().cluster().secondNode();
        Signals.run(node, TO_KUBELET, "STOP");
        try {
            meanwhile.run();
        } finally {
            Signals.run(node, TO_KUBELET, "CONT");
        }
        await("the node is back")
                .atMost(LONG_ENOUGH)
                .until(() ->
                        scene.client().nodes().withName(Cluster.nameOf(node)).get().getStatus().getConditions().stream()
                                .anyMatch(c -> c.getType().equals("Ready")
                                        && c.getStatus().equals("True")));
    }

    /** Does what the status says that a person can do, and waits until the next run waits for the lock. */
    private static void giveUp(Scene scene, Pod pod) {
        String silence = scene.message(Reason.WaitingForPod);
        assertThat(silence).contains("node " + pod.getSpec().getNodeName() + " has not been heard of since");
        String command = silence.substring(silence.indexOf("kubectl ") + "kubectl ".length());
        scene.ground().cluster().kubectl(command.split(" "));
        String wait = scene.message(Reason.WaitingForLock);
        assertThat(wait).containsPattern("session [0-9]+ \\(dbmigrations/[0-9a-f-]+/1/.*\\) has it");
    }

    /** Puts the operator on the second node. */
    static void moveTheOperator(Scene scene) {
        Cluster cluster = scene.ground().cluster();
        String first = Cluster.nameOf(cluster.node());
        cluster.kubectl("cordon", first);
        try {
            scene.operator().scale(0);
            scene.operator().scale(1);
        } finally {
            cluster.kubectl("uncordon", first);
        }
    }

    /** {@return the fields of a spec that send the run there, and give a silent node up after seconds} */
    static String onTheSecondNode(Scene scene) {
        return preferringTheSecondNode(scene) + """
                  tolerations:
                  - {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 5}
                  - {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 5}
                """.indent(2);
    }

    /** {@return the fields of a spec that send the run there} */
    static String preferringTheSecondNode(Scene scene) {
        return """
                job:
                  affinity:
                    nodeAffinity:
                      preferredDuringSchedulingIgnoredDuringExecution:
                      - weight: 100
                        preference:
                          matchExpressions:
                          - {key: kubernetes.io/hostname, operator: In, values: [%s]}
                """.formatted(Cluster.nameOf(scene.ground().cluster().secondNode()));
    }
}
