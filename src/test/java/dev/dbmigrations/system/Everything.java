package dev.dbmigrations.system;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.MigrationApproval;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** All that a namespace and the operator's log show: to find what should not be there, and why a test failed. */
record Everything(KubernetesClient client, String namespace) {

    /** {@return place → text} */
    Map<String, String> places() {
        Map<String, String> places = new LinkedHashMap<>();
        places.put(
                "resources",
                yaml(client.resources(DatabaseMigration.class)
                        .inNamespace(namespace)
                        .list()
                        .getItems()));
        places.put(
                "approvals",
                yaml(client.resources(MigrationApproval.class)
                        .inNamespace(namespace)
                        .list()
                        .getItems()));
        places.put(
                "events",
                yaml(client.v1().events().inNamespace(namespace).list().getItems()));
        places.put(
                "jobs",
                yaml(client.batch().v1().jobs().inNamespace(namespace).list().getItems()));
        List<Pod> pods = client.pods().inNamespace(namespace).list().getItems();
        places.put("pods", yaml(pods));
        places.put(
                "configMaps",
                yaml(client.configMaps().inNamespace(namespace).list().getItems()));
        pods.forEach(pod -> places.put("log of " + pod.getMetadata().getName(), log(pod)));
        places.put("operator's log", InstalledOperator.shared().log());
        return places;
    }

    /** {@return what a person wants to see of a test that failed} */
    String described(String test) {
        Map<String, String> places = places();
        places.remove("configMaps");
        places.computeIfPresent(
                "events",
                (place, text) -> client.v1().events().inNamespace(namespace).list().getItems().stream()
                        .map(event -> "%s %s %s: %s"
                                .formatted(
                                        event.getInvolvedObject().getKind(),
                                        event.getType(),
                                        event.getReason(),
                                        event.getMessage()))
                        .collect(Collectors.joining("\n")));
        places.computeIfPresent(
                "operator's log",
                (place, text) ->
                        text.lines().filter(line -> line.contains(namespace)).collect(Collectors.joining("\n")));
        StringBuilder all = new StringBuilder("\n======== " + test + " in " + namespace + "\n");
        places.forEach((place, text) ->
                all.append("---- ").append(place).append('\n').append(text).append('\n'));
        return all.toString();
    }

    private static String yaml(List<? extends HasMetadata> objects) {
        objects.forEach(object -> object.getMetadata().setManagedFields(null));
        return Serialization.asYaml(objects);
    }

    private String log(Pod pod) {
        try {
            return client.pods().resource(pod).getLog();
        } catch (KubernetesClientException e) {
            return "(" + e.getMessage() + ")";
        }
    }
}
