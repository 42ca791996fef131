package dev.dbmigrations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.testing.Cluster;
import dev.dbmigrations.testing.Helm;
import dev.dbmigrations.testing.OperatorImage;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two replicas of the chart: one works, the other takes over. */
class ReplicasIT {

    private static final String NAMESPACE = "replicas";

    private static final Cluster cluster = Cluster.withoutOperator();
    private static final KubernetesClient client = cluster.client();

    @TempDir
    private Path folder;

    @BeforeAll
    static void install() {
        cluster.importImage(OperatorImage.name());
        cluster.kubectl("create", "namespace", NAMESPACE);
        Helm.install(
                "dbmigrations",
                NAMESPACE,
                Map.of("image.tag", OperatorImage.TAG, "replicas", 2, "logFormat", "text"),
                cluster.kubeconfig());
    }

    @AfterAll
    static void remove() {
        Helm.uninstall("dbmigrations", NAMESPACE, cluster.kubeconfig());
        client.namespaces().withName(NAMESPACE).delete();
    }

    @Test
    void theStandbyTakesOverWhetherTheLeaderIsStoppedOrKilled() throws Exception {
        String first = leader();
        isLookedAfter("one");

        List<Lease> leases = new CopyOnWriteArrayList<>();
        String second;
        try (Watch _ = collect(leases)) {
            client.pods().inNamespace(NAMESPACE).withName(first).delete();
            second = leaderAfter(first, "stopped in order");
        }
        assertThat(leases).as("the lease was given back").anyMatch(lease -> wasGivenBackBy(first, lease));
        isLookedAfter("two");

        client.pods().inNamespace(NAMESPACE).withName(second).withGracePeriod(0).delete();
        leaderAfter(second, "killed");
        isLookedAfter("three");
    }

    private static Watch collect(List<Lease> versions) {
        return client.leases().inNamespace(NAMESPACE).watch(new Watcher<>() {
            @Override
            public void eventReceived(Action action, Lease lease) {
                versions.add(lease);
            }

            @Override
            public void onClose(WatcherException cause) {
                throw new IllegalStateException("the watch of the lease has ended", cause);
            }
        });
    }

    /** By Fabric8's elector: the name stays, and the lease runs out at once. */
    private static boolean wasGivenBackBy(String pod, Lease lease) {
        return pod.equals(lease.getSpec().getHolderIdentity())
                && Integer.valueOf(1).equals(lease.getSpec().getLeaseDurationSeconds());
    }

    private void isLookedAfter(String name) throws Exception {
        Path file = Files.writeString(folder.resolve(name + ".yaml"), """
                apiVersion: dbmigrations.dev/v1alpha1
                kind: DatabaseMigration
                metadata: {name: %s, namespace: replicas}
                spec: {targetRevision: head, image: none, credentialsSecretRef: {name: none}}
                """.formatted(name));
        cluster.kubectl("apply", "-f", cluster.give(file));
        cluster.kubectl(
                "wait",
                "--namespace",
                NAMESPACE,
                "dbm/" + name,
                "--for=jsonpath={.status.conditions[?(@.type==\"Ready\")].reason}=CredentialsNotFound",
                "--timeout=60s");
    }

    private static String leaderAfter(String gone, String how) {
        Instant since = Instant.now();
        String next = await().atMost(Duration.ofMinutes(1))
                .pollInterval(Duration.ofMillis(100))
                .until(ReplicasIT::leader, leader -> !leader.equals(gone));
        System.out.printf(
                "recovery: leader %s, %.1f s until the standby works%n",
                how, Duration.between(since, Instant.now()).toMillis() / 1e3);
        return next;
    }

    /** {@return the pod that says that it works; others only stand by} */
    private static String leader() {
        return await().atMost(Duration.ofMinutes(1))
                .until(
                        () -> pods().stream()
                                .filter(pod -> log(pod).contains("started; looking after"))
                                .findFirst()
                                .orElse(null),
                        Objects::nonNull);
    }

    private static List<String> pods() {
        return client.pods().inNamespace(NAMESPACE).list().getItems().stream()
                .filter(pod -> pod.getMetadata().getDeletionTimestamp() == null)
                .map(ReplicasIT::name)
                .toList();
    }

    private static String name(Pod pod) {
        return pod.getMetadata().getName();
    }

    private static String log(String pod) {
        return cluster.tryKubectl("logs", "--namespace", NAMESPACE, pod).getStdout();
    }
}
