package dev.dbmigrations.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.api.Reason;
import dev.dbmigrations.testing.Cluster;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** The API server is away, or does not know the resource any more, while a run is at work. */
final class ServerFaults {

    private static final Duration OUTAGE = Duration.ofSeconds(Long.getLong("faults.outage", 60));
    private static final Duration BACK = Duration.ofSeconds(10);
    private static final Duration A_MINUTE = Duration.ofMinutes(1);

    private static final String REFUSE =
            "iptables -$1 INPUT ! -i lo -p tcp --dport 6443 -j REJECT --reject-with tcp-reset";

    /** Of k3s that is all of it, containers excepted. */
    private static final String TO_SERVER = """
            sent=0
            for p in /proc/[0-9]*; do
              tr '\\0' ' ' < $p/cmdline 2>/dev/null | grep -qE '^(kubernetes kube-apiserver|(/bin/)?k3s server) ' || continue
              kill -$1 ${p#/proc/} && sent=$((sent + 1))
            done
            [ $sent -gt 0 ]""";

    private ServerFaults() {}

    /** It refuses connections, as a server that is not there. */
    static void refuses(Scene scene) {
        away(scene, REFUSE, "I", "D");
    }

    /** It takes connections and does not answer. */
    static void hangs(Scene scene) {
        away(scene, TO_SERVER, "STOP", "CONT");
    }

    private static void away(Scene scene, String script, String begin, String end) {
        Cluster cluster = scene.ground().cluster();
        NodeFaults.moveTheOperator(scene);
        // An id: what `head` means to the changed spec, only another Job could say.
        scene.beginAndStayInTheMiddle(
                "targetRevision: " + Trees.THIRD + "\n" + Scenario.LEDGER + NodeFaults.preferringTheSecondNode(scene));
        Signals.run(cluster.node(), script, begin);
        Instant until = Instant.now().plus(OUTAGE);
        try {
            scene.stage().database().openTheGate();
            scene.awaitNobodyInTheDatabase();
            await("the outage")
                    .atMost(OUTAGE.multipliedBy(2))
                    .until(() -> Instant.now().isAfter(until));
        } finally {
            Signals.run(cluster.node(), script, end);
        }
        Instant back = Instant.now();
        scene.stage().change("checkInterval: 61s");
        await("the end of the run and the change are reported")
                .atMost(Duration.ofMinutes(3))
                .pollInterval(Duration.ofMillis(200))
                .until(() -> said(scene).equals("2 " + Reason.AtTarget));
        Scene.measured(
                "API server back after %d s (%s) → status".formatted(OUTAGE.toSeconds(), begin),
                Duration.between(back, Instant.now()),
                BACK);
        scene.endsAsUndisturbed(1);
        assertThat(scene.operator().restarts())
                .as("a leader that cannot renew its lease ends once, and then waits")
                .isLessThanOrEqualTo(1);
    }

    /** {@return the generation that the status is about, and its reason} Asked on the node itself. */
    private static String said(Scene scene) {
        return scene.ground()
                .cluster()
                .tryKubectl(
                        "get",
                        "dbm",
                        "shop",
                        "--namespace",
                        scene.stage().namespace(),
                        "--output=jsonpath={.status.observedGeneration} {.status.conditions[?(@.type==\"Ready\")].reason}")
                .getStdout();
    }

    /** With the CRD go all resources and their Jobs; the operator waits until it is there again. */
    static void crdDeleted(Scene scene) {
        Cluster cluster = scene.ground().cluster();
        scene.beginAndStayInTheMiddle();
        Instant deleted = Instant.now();
        cluster.kubectl("delete", "crd", "databasemigrations.dbmigrations.dev", "--timeout=60s");
        await("nothing of the run")
                .atMost(A_MINUTE)
                .until(() -> scene.stage().jobs().isEmpty()
                        && scene.stage().pods().isEmpty()
                        && scene.stage().database().sessions() == 0);
        Scene.measured("CRD deleted → nothing of the run is left", Duration.between(deleted, Instant.now()), A_MINUTE);
        assertThat(scene.stage().database().revisions()).isEmpty();

        for (String crd : List.of("databasemigrations", "migrationapprovals")) {
            cluster.kubectl("apply", "-f", cluster.give(Path.of("crds/" + crd + ".yaml")));
            cluster.kubectl("wait", "--for=condition=Established", "crd/" + crd + ".dbmigrations.dev");
        }
        Instant there = Instant.now();
        scene.stage().database().openTheGate();
        scene.stage().create(Scene.HEAD);
        scene.stage().awaitReason(Reason.AtTarget);
        Scene.measured(
                "CRD there again → a new resource is at its target", Duration.between(there, Instant.now()), A_MINUTE);
    }
}
