package dev.dbmigrations.faults;

import static org.awaitility.Awaitility.await;

import dev.dbmigrations.testing.Cluster;
import dev.dbmigrations.testing.Helm;
import dev.dbmigrations.testing.OperatorImage;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.RollableScalableResource;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The operator's own image, installed by its own chart, to look after one case's namespace. */
final class Installation implements AutoCloseable {

    private static final Duration LONG_ENOUGH = Duration.ofMinutes(3);

    private final Cluster cluster;
    private final KubernetesClient client;
    private final String release;
    private final String namespace;
    private final Map<String, Object> values = new HashMap<>();

    /** Installs it in a namespace beside the one that it looks after; it may not be ready yet. */
    Installation(Cluster cluster, String release, String watched, Map<String, ?> more) {
        this.cluster = cluster;
        this.client = cluster.client();
        this.release = release;
        this.namespace = watched + "-operator";
        values.putAll(Map.of(
                "image.tag",
                OperatorImage.TAG,
                "watchNamespaces[0]",
                watched,
                "rbac.aggregateRoles",
                false,
                "logFormat",
                "text"));
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(namespace)
                        .endMetadata()
                        .build())
                .createOr(existing -> existing.update());
        upgrade(more);
    }

    /** Installs it again, with other values beside those that it has. */
    void upgrade(Map<String, ?> more) {
        values.putAll(more);
        Helm.submit(release, namespace, values, cluster.kubeconfig());
    }

    /** Waits until each replica is as the chart has it now, and ready. */
    void awaitReady() {
        await("operator of " + namespace).atMost(LONG_ENOUGH).until(() -> {
            Deployment now = deployment().get();
            int wanted = now.getSpec().getReplicas();
            return now.getMetadata().getGeneration().equals(now.getStatus().getObservedGeneration())
                    && Objects.equals(now.getStatus().getUpdatedReplicas(), wanted)
                    && Objects.equals(now.getStatus().getReplicas(), wanted)
                    && Objects.equals(now.getStatus().getReadyReplicas(), wanted);
        });
    }

    /** Sets the number of replicas, and waits until there are no others. */
    void scale(int replicas) {
        deployment().scale(replicas);
        await("pods of " + namespace).atMost(LONG_ENOUGH).until(() -> pods().size() == replicas);
        awaitReadyUnlessNone(replicas);
    }

    private void awaitReadyUnlessNone(int replicas) {
        if (replicas > 0) {
            awaitReady();
        }
    }

    RollableScalableResource<Deployment> deployment() {
        return client.apps().deployments().inNamespace(namespace).withName(fullName());
    }

    private String fullName() {
        return release.contains("dbmigrations") ? release : release + "-dbmigrations";
    }

    String namespace() {
        return namespace;
    }

    /** {@return its pods, those that are to go included} */
    List<Pod> pods() {
        return client.pods()
                .inNamespace(namespace)
                .withLabel("app.kubernetes.io/instance", release)
                .list()
                .getItems();
    }

    /** {@return the pod that works, or is the only one} */
    Pod leader() {
        List<Pod> pods = pods();
        String holder = holder();
        return pods.stream()
                .filter(pod -> pod.getMetadata().getName().equals(holder))
                .findFirst()
                .orElseGet(pods::getFirst);
    }

    /** {@return who has the lease; empty where nobody has} */
    String holder() {
        Lease lease =
                client.leases().inNamespace(namespace).withName(fullName()).get();
        return lease == null || lease.getSpec().getHolderIdentity() == null
                ? ""
                : lease.getSpec().getHolderIdentity();
    }

    /** {@return how often the lease went from one to another} */
    int transitions() {
        Lease lease =
                client.leases().inNamespace(namespace).withName(fullName()).get();
        return Objects.requireNonNullElse(lease.getSpec().getLeaseTransitions(), 0);
    }

    /** {@return how often a container of those pods that are there was started again} */
    int restarts() {
        return pods().stream()
                .flatMap(pod -> pod.getStatus().getContainerStatuses().stream())
                .mapToInt(ContainerStatus::getRestartCount)
                .sum();
    }

    /** {@return what its pods have logged, and where they stand} */
    String account() {
        StringBuilder account = new StringBuilder();
        for (Pod pod : pods()) {
            account.append("\n-- %s: %s\n%s"
                    .formatted(pod.getMetadata().getName(), pod.getStatus().getContainerStatuses(), log(pod)));
        }
        return account.toString();
    }

    private String log(Pod pod) {
        try {
            return client.pods().resource(pod).getLog();
        } catch (KubernetesClientException e) {
            return "(" + e.getMessage() + ")\n";
        }
    }

    @Override
    public void close() {
        client.namespaces().withName(namespace).delete();
    }
}
