package dev.dbmigrations.system;

import static org.awaitility.Awaitility.await;

import dev.dbmigrations.testing.Cluster;
import dev.dbmigrations.testing.Helm;
import dev.dbmigrations.testing.OperatorImage;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The operator, installed by its chart once for all tests; it looks after all namespaces. */
final class InstalledOperator {

    static final String NAMESPACE = "dbmigrations";

    private final KubernetesClient client;
    private final StringBuilder logOfEarlierPods = new StringBuilder();

    private static final class Holder {
        static final InstalledOperator INSTALLED = new InstalledOperator(Cluster.shared());
    }

    /** {@return the operator, ready} */
    static InstalledOperator shared() {
        return Holder.INSTALLED;
    }

    private InstalledOperator(Cluster cluster) {
        client = cluster.client();
        Images.provide(cluster);
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(NAMESPACE)
                        .addToLabels(Team.RESTRICTED)
                        .endMetadata()
                        .build())
                .create();
        Helm.install(
                "dbmigrations",
                NAMESPACE,
                Map.of("clusterWide", true, "image.tag", OperatorImage.TAG),
                cluster.kubeconfig());
    }

    /** {@return what it has logged so far, in all of its pods} */
    synchronized String log() {
        StringBuilder log = new StringBuilder(logOfEarlierPods);
        pods().forEach(pod -> log.append(logOf(pod)));
        return log.toString();
    }

    /** {@return what its pods answer to whoever asks, by path} */
    synchronized Map<String, String> pages() {
        Map<String, String> pages = new HashMap<>();
        for (String path : List.of("/metrics", "/healthz", "/readyz")) {
            pods().forEach(pod -> pages.merge(path, pageOf(pod, path), String::concat));
        }
        return pages;
    }

    /** Deletes the pod without a warning, and waits until another one is ready in its place. */
    synchronized void kill() {
        List<Pod> before = pods();
        before.forEach(pod -> logOfEarlierPods.append(logOf(pod)));
        before.forEach(pod -> client.resource(pod).withGracePeriod(0).delete());
        await("another pod of the operator").atMost(Duration.ofMinutes(2)).until(() -> {
            List<Pod> now = pods();
            return now.size() == 1
                    && !now.getFirst()
                            .getMetadata()
                            .getUid()
                            .equals(before.getFirst().getMetadata().getUid())
                    && now.getFirst().getStatus().getConditions().stream()
                            .anyMatch(c ->
                                    c.getType().equals("Ready") && c.getStatus().equals("True"));
        });
    }

    private List<Pod> pods() {
        return client.pods()
                .inNamespace(NAMESPACE)
                .withLabel("app.kubernetes.io/name", "dbmigrations")
                .list()
                .getItems();
    }

    private String pageOf(Pod pod, String path) {
        String page = "/api/v1/namespaces/%s/pods/%s:8080/proxy%s"
                .formatted(NAMESPACE, pod.getMetadata().getName(), path);
        return String.valueOf(client.raw(page));
    }

    private String logOf(Pod pod) {
        try {
            return client.pods().resource(pod).getLog();
        } catch (KubernetesClientException e) {
            return "(no log of " + pod.getMetadata().getName() + ": " + e.getMessage() + ")\n";
        }
    }
}
