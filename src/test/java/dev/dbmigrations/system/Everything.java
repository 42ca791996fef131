package dev.dbmigrations.system;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.MigrationApproval;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.MixedOperation;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** All that a namespace and the operator show: to find what should not be there, and why a test failed. */
record Everything(KubernetesClient client, String namespace) {

    /** {@return place → text, of all that was written or can be asked for, but the Secrets themselves} */
    Map<String, String> places() {
        Map<String, String> places = new LinkedHashMap<>();
        objects(namespace).forEach((place, objects) -> places.put(place, Serialization.asJson(objects)));
        places.put(
                "resources as they once were",
                Serialization.asJson(StatusWatch.shared().seenIn(namespace)));
        places.putAll(podLogs());
        InstalledOperator operator = InstalledOperator.shared();
        objects(InstalledOperator.NAMESPACE)
                .forEach((place, objects) -> places.put("operator's " + place, Serialization.asJson(objects)));
        places.put("operator's log", operator.log());
        operator.pages().forEach((page, text) -> places.put("operator's " + page, text));
        return places;
    }

    /** {@return what a person wants to see of a test that failed} */
    String described(String test) {
        Map<String, String> places = new LinkedHashMap<>();
        Map<String, List<? extends HasMetadata>> objects = objects(namespace);
        objects.remove("configMaps");
        objects.remove("events");
        objects.forEach((place, found) -> places.put(place, yaml(found)));
        places.put(
                "events",
                client.v1().events().inNamespace(namespace).list().getItems().stream()
                        .map(event -> "%s %s %s: %s"
                                .formatted(
                                        event.getInvolvedObject().getKind(),
                                        event.getType(),
                                        event.getReason(),
                                        event.getMessage()))
                        .collect(Collectors.joining("\n")));
        places.putAll(podLogs());
        places.put(
                "operator's log",
                InstalledOperator.shared()
                        .log()
                        .lines()
                        .filter(line -> line.contains(namespace))
                        .collect(Collectors.joining("\n")));
        StringBuilder all = new StringBuilder("\n======== " + test + " in " + namespace + "\n");
        places.forEach((place, text) ->
                all.append("---- ").append(place).append('\n').append(text).append('\n'));
        return all.toString();
    }

    private Map<String, List<? extends HasMetadata>> objects(String in) {
        Map<String, List<? extends HasMetadata>> objects = new LinkedHashMap<>();
        objects.put("resources", list(client.resources(DatabaseMigration.class), in));
        objects.put("approvals", list(client.resources(MigrationApproval.class), in));
        objects.put("events", list(client.v1().events(), in));
        objects.put("jobs", list(client.batch().v1().jobs(), in));
        objects.put("pods", list(client.pods(), in));
        objects.put("configMaps", list(client.configMaps(), in));
        objects.put("leases", list(client.leases(), in));
        return objects;
    }

    private static <T extends HasMetadata> List<T> list(MixedOperation<T, ?, ?> kind, String namespace) {
        return kind.inNamespace(namespace)
                .resources()
                .map(resource -> resource.item())
                .toList();
    }

    private Map<String, String> podLogs() {
        Map<String, String> logs = new LinkedHashMap<>();
        client.pods()
                .inNamespace(namespace)
                .list()
                .getItems()
                .forEach(pod -> logs.put("log of " + pod.getMetadata().getName(), log(pod)));
        return logs;
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
