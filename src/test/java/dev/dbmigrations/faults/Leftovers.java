package dev.dbmigrations.faults;

import dev.dbmigrations.api.MigrationApproval;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What is left in the cluster of a case. */
record Leftovers(KubernetesClient client, ApiWatch watch, String namespace) {

    /** {@return what is there of Jobs, pods and ConfigMaps, as {@code kind/name}} */
    List<String> remains() {
        return Stream.of(
                        named(
                                "jobs",
                                client.batch()
                                        .v1()
                                        .jobs()
                                        .inNamespace(namespace)
                                        .list()
                                        .getItems()),
                        named(
                                "pods",
                                client.pods().inNamespace(namespace).list().getItems()),
                        named("configmaps", configMaps()))
                .flatMap(names -> names)
                .toList();
    }

    private List<ConfigMap> configMaps() {
        return client.configMaps().inNamespace(namespace).list().getItems().stream()
                .filter(map -> !map.getMetadata().getName().equals("kube-root-ca.crt"))
                .toList();
    }

    private static Stream<String> named(String kind, List<? extends HasMetadata> objects) {
        return objects.stream().map(object -> kind + "/" + object.getMetadata().getName());
    }

    /** {@return everything that the operator wrote, and what its pods printed} */
    String written() {
        List<Pod> pods = client.pods().inNamespace(namespace).list().getItems();
        return Stream.of(
                                watch.resources(namespace),
                                watch.jobsMade(namespace),
                                client.v1()
                                        .events()
                                        .inNamespace(namespace)
                                        .list()
                                        .getItems(),
                                client.resources(MigrationApproval.class)
                                        .inNamespace(namespace)
                                        .list()
                                        .getItems(),
                                configMaps(),
                                pods)
                        .map(Serialization::asJson)
                        .collect(Collectors.joining("\n"))
                + pods.stream().map(this::log).collect(Collectors.joining("\n"));
    }

    private String log(Pod pod) {
        try {
            return client.pods().resource(pod).getLog();
        } catch (KubernetesClientException e) {
            return "(" + e.getMessage() + ")";
        }
    }
}
