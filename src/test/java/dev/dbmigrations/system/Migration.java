package dev.dbmigrations.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.Reason;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** One {@code DatabaseMigration}, and what a user does with it. */
public final class Migration {

    private static final Duration LONG_ENOUGH = Duration.ofMinutes(2);

    private final KubernetesClient client;
    private final String namespace;
    private final String name;

    public Migration(KubernetesClient client, String namespace, String name) {
        this.client = client;
        this.namespace = namespace;
        this.name = name;
    }

    /** {@return the status as the API server has it} */
    public DatabaseMigrationStatus status() {
        return Objects.requireNonNull(get().getStatus());
    }

    /** Waits until {@code Ready} has this reason for the spec as it is now. {@return that status} */
    public DatabaseMigrationStatus await(Reason reason) {
        return await(reason.name(), status -> true, reason);
    }

    /** Waits until, beside the reason, this holds. {@return that status} */
    public DatabaseMigrationStatus await(Reason reason, String what, Predicate<DatabaseMigrationStatus> holds) {
        return await(reason + " and " + what, holds, reason);
    }

    private DatabaseMigrationStatus await(String what, Predicate<DatabaseMigrationStatus> holds, Reason reason) {
        try {
            return Awaitility.await(what)
                    .atMost(LONG_ENOUGH)
                    .pollInterval(Duration.ofMillis(200))
                    .until(this::statusOfThisSpec, status -> says(status, reason) && holds.test(status));
        } catch (ConditionTimeoutException e) {
            throw new AssertionError("%s is not %s but %s".formatted(name, what, status()), e);
        }
    }

    /** {@return the status; an empty one while it speaks of an older spec} */
    private DatabaseMigrationStatus statusOfThisSpec() {
        DatabaseMigration resource = get();
        DatabaseMigrationStatus status = Objects.requireNonNull(resource.getStatus());
        return resource.getMetadata().getGeneration().equals(status.observedGeneration())
                ? status
                : DatabaseMigrationStatus.EMPTY;
    }

    /** {@return whether the status gives this reason} */
    public static boolean says(DatabaseMigrationStatus status, Reason reason) {
        return status.condition("Ready")
                .filter(ready -> ready.getReason().equals(reason.name()))
                .isPresent();
    }

    /** {@return the condition {@code Ready}'s message} */
    public String message() {
        return status().condition("Ready").map(Condition::getMessage).orElse("");
    }

    /** Changes fields of the spec, as {@code kubectl patch} does; null removes one. */
    public void change(String spec) {
        merge(Map.of("spec", Serialization.unmarshal(spec, Map.class)));
    }

    /** Somebody writes into the resource what is no business of the operator. */
    public void label(String value) {
        merge(Map.of("metadata", Map.of("labels", Map.of("somebody", value))));
    }

    /** Asks for another attempt. */
    public void retry(String value) {
        merge(Map.of("metadata", Map.of("annotations", Map.of(DatabaseMigration.RETRY_ANNOTATION, value))));
    }

    public void delete() {
        resource().delete();
    }

    /** {@return its Jobs, oldest first} */
    List<Job> jobs() {
        return client.batch().v1().jobs().inNamespace(namespace).list().getItems().stream()
                .filter(job -> job.getMetadata().getOwnerReferences().stream()
                        .anyMatch(owner -> owner.getName().equals(name)))
                .sorted(Comparator.comparingInt(Migration::attempt))
                .toList();
    }

    /** Takes its pods away, as the loss of a node would. */
    void killPods() {
        client.pods().inNamespace(namespace).withGracePeriod(0).delete();
    }

    /** {@return what is kept under that name} */
    Map<String, String> configMap(String configMap) {
        return Objects.requireNonNull(client.configMaps()
                        .inNamespace(namespace)
                        .withName(configMap)
                        .get())
                .getData();
    }

    /** {@return what its Jobs' pods have logged} */
    String podLogs() {
        StringBuilder logs = new StringBuilder();
        for (Pod pod : client.pods().inNamespace(namespace).list().getItems()) {
            logs.append(client.pods().resource(pod).getLog());
        }
        return logs.toString();
    }

    /** Waits until these are its events, oldest first, each as {@code kubectl describe} begins it: type and reason. */
    void awaitEvents(String... typesAndReasons) {
        Awaitility.await("events")
                .atMost(LONG_ENOUGH)
                .untilAsserted(() -> assertThat(events())
                        .filteredOn(event -> !event.equals("Normal Step"))
                        .containsExactly(typesAndReasons));
    }

    /** Waits until this is one of its events. */
    public void awaitEvent(String typeAndReason) {
        Awaitility.await("event " + typeAndReason)
                .atMost(LONG_ENOUGH)
                .untilAsserted(() -> assertThat(events()).contains(typeAndReason));
    }

    private List<String> events() {
        return client.events().v1().events().inNamespace(namespace).list().getItems().stream()
                .filter(event -> event.getRegarding().getName().equals(name)
                        && event.getRegarding().getKind().equals(DatabaseMigration.KIND))
                .sorted(Comparator.comparing(event -> event.getEventTime().getTime()))
                .map(event -> event.getType() + " " + event.getReason())
                .toList();
    }

    /** Waits until the history has these directions, newest first. {@return that status} */
    DatabaseMigrationStatus awaitHistory(String... directions) {
        return await(
                Reason.AtTarget,
                "a history of " + List.of(directions),
                status -> status.history() != null
                        && status.history().stream()
                                .map(DatabaseMigrationStatus.Migration::direction)
                                .toList()
                                .equals(List.of(directions)));
    }

    /** {@return the resource as the API server has it} */
    public DatabaseMigration get() {
        return Objects.requireNonNull(resource().get(), "there is no " + name + " in " + namespace);
    }

    private Resource<DatabaseMigration> resource() {
        return client.resources(DatabaseMigration.class).inNamespace(namespace).withName(name);
    }

    private void merge(Map<String, Object> change) {
        resource().patch(PatchContext.of(PatchType.JSON_MERGE), Serialization.asJson(change));
    }

    private static int attempt(Job job) {
        return Integer.parseInt(job.getMetadata().getLabels().get(DatabaseMigration.GROUP + "/attempt"));
    }
}
