package dev.dbmigrations.faults;

import static org.awaitility.Awaitility.await;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.faults.ApiWatch.Seen;
import dev.dbmigrations.faults.Evidence.InTheDatabase;
import dev.dbmigrations.system.Migration;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/** Where one case takes place: a namespace, a database and one resource, and what a user does there. */
final class Stage implements AutoCloseable {

    private static final Duration LONG_ENOUGH = Duration.ofMinutes(2);
    private static final Duration QUIET = Duration.ofSeconds(2);
    private static final AtomicInteger COUNT = new AtomicInteger();
    private static final String NAME = "shop";
    private static final String SECRET = "shop-db";

    private final Ground ground;
    private final KubernetesClient client;
    private final String namespace = "faults-" + COUNT.incrementAndGet();
    private final LedgerDatabase database;
    private final Migration shop;
    private final Leftovers left;
    private Optional<Instant> deletedAt = Optional.empty();

    /** @param atHead whether the database has all revisions already, or none */
    Stage(Ground ground, boolean atHead) {
        this.ground = ground;
        client = ground.client();
        shop = new Migration(client, namespace, NAME);
        left = new Leftovers(client, ground.watch(), namespace);
        LedgerServer server = LedgerServer.shared();
        database = atHead ? server.atHead(namespace) : server.empty(namespace);
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(namespace)
                        .endMetadata()
                        .build())
                .create();
        client.resource(new SecretBuilder()
                        .withNewMetadata()
                        .withName(SECRET)
                        .withNamespace(namespace)
                        .endMetadata()
                        .withStringData(database.credentials())
                        .build())
                .create();
        await("service account of " + namespace)
                .atMost(LONG_ENOUGH)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> client.serviceAccounts()
                                .inNamespace(namespace)
                                .withName("default")
                                .get()
                        != null);
    }

    String namespace() {
        return namespace;
    }

    LedgerDatabase database() {
        return database;
    }

    /** Makes the resource, with these fields of the spec beside image and Secret. */
    void create(String spec) {
        Map<String, Object> resource = Map.of(
                "apiVersion",
                "dbmigrations.dev/v1alpha1",
                "kind",
                DatabaseMigration.KIND,
                "metadata",
                Map.of("name", NAME),
                "spec",
                Serialization.unmarshal(
                        "image: %s\ncredentialsSecretRef: {name: %s}\n%s".formatted(Trees.IMAGE, SECRET, spec),
                        Map.class));
        client.resource(Serialization.asJson(resource)).inNamespace(namespace).create();
    }

    /** Changes fields of the spec. */
    void change(String spec) {
        shop.change(spec);
    }

    /** Waits until {@code Ready} has this reason for the spec as it is now. {@return that status} */
    DatabaseMigrationStatus awaitReason(Reason reason) {
        return shop.await(reason);
    }

    /** Waits until a run waits in the middle of the second revision, by the database's word. */
    void awaitSomeoneAtTheGate() {
        await("a run at the gate of " + namespace)
                .atMost(LONG_ENOUGH)
                .pollInterval(Duration.ofMillis(50))
                .until(database::someoneIsAtTheGate);
    }

    /** Removes the resource, and what belongs to it or, with {@code Orphan}, not; waits for the resource only. */
    void delete(DeletionPropagation propagation) {
        client.resources(DatabaseMigration.class)
                .inNamespace(namespace)
                .withName(NAME)
                .withPropagationPolicy(propagation)
                .delete();
        await("no resource in " + namespace)
                .atMost(LONG_ENOUGH)
                .until(() -> resource().isEmpty());
    }

    /** {@return its Jobs, oldest first} */
    List<Job> jobs() {
        return client.batch().v1().jobs().inNamespace(namespace).list().getItems().stream()
                .sorted(Comparator.comparing(job -> job.getMetadata().getCreationTimestamp()))
                .toList();
    }

    /** {@return the pods of its Jobs} */
    List<Pod> pods() {
        return client.pods().inNamespace(namespace).list().getItems();
    }

    /** {@return the one pod that runs} */
    Pod pod() {
        return pods().stream()
                .filter(pod -> pod.getStatus().getPhase().equals("Running"))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no pod runs in " + namespace));
    }

    /** Deletes the namespace, and waits until it is gone and nobody is in the database. */
    void deleteNamespaceAndAwaitTheEnd() {
        client.namespaces().withName(namespace).delete();
        deletedAt = Optional.of(Instant.now());
        await("no namespace " + namespace)
                .atMost(Duration.ofMinutes(1))
                .until(() -> client.namespaces().withName(namespace).get() == null && database.sessions() == 0);
    }

    /** Waits until nothing has been written for a while. */
    void awaitQuiet() {
        await("quiet in " + namespace)
                .atMost(LONG_ENOUGH)
                .pollInterval(Duration.ofMillis(100))
                .during(QUIET)
                .until(new Unchanged()::get);
    }

    private final class Unchanged {
        private int before = -1;

        boolean get() {
            int now = versions().size();
            boolean unchanged = now == before;
            before = now;
            return unchanged;
        }
    }

    /** Approves a plan, as a person does. */
    void approve(String planHash) {
        client.resource("""
                        apiVersion: dbmigrations.dev/v1alpha1
                        kind: MigrationApproval
                        metadata: {name: yes-%s}
                        spec: {migration: %s, planHash: "%s", approvedBy: ada}
                        """.formatted(planHash.substring(0, 8), NAME, planHash))
                .inNamespace(namespace)
                .create();
    }

    /** Deletes the resource, and waits until nothing is left of it in the cluster and nobody is in the database. */
    void deleteAndAwaitTheEnd() {
        shop.delete();
        deletedAt = Optional.of(Instant.now());
        await("nothing of " + namespace)
                .atMost(LONG_ENOUGH)
                .until(() -> left.remains().isEmpty() && database.sessions() == 0);
    }

    /** Waits until the newest attempt's result is taken in: the database says that it is done before the pod has ended. */
    void awaitResultTakenIn() {
        await("the result of the last attempt in " + namespace)
                .atMost(LONG_ENOUGH)
                .pollInterval(Duration.ofMillis(100))
                .until(() -> resource()
                        .map(DatabaseMigration::getStatus)
                        .map(DatabaseMigrationStatus::attempt)
                        .filter(attempt -> attempt.endedAt() == null)
                        .isEmpty());
    }

    /** {@return how it ended}, for comparison with how it ended undisturbed. */
    End end() {
        Optional<DatabaseMigration> resource = resource();
        Optional<DatabaseMigrationStatus> status = resource.map(DatabaseMigration::getStatus);
        return new End(
                status.flatMap(said -> said.condition("Ready"))
                        .map(ready -> ready.getStatus() + " " + ready.getReason())
                        .orElse("gone"),
                status.map(said -> Objects.requireNonNullElse(said.currentRevisions(), List.<String>of()))
                        .orElse(List.of()),
                status.map(said -> Objects.requireNonNullElse(said.resolvedTarget(), List.<String>of()))
                        .orElse(List.of()),
                status
                        .map(said -> Objects.requireNonNullElse(
                                said.history(), List.<DatabaseMigrationStatus.Migration>of()))
                        .orElse(List.of())
                        .stream()
                        .map(done -> done.direction() + " from " + done.from() + " to " + done.to())
                        .toList(),
                database.revisions(),
                ground.watch().jobsMade(namespace).size());
    }

    private Optional<DatabaseMigration> resource() {
        return Optional.ofNullable(client.resources(DatabaseMigration.class)
                .inNamespace(namespace)
                .withName(NAME)
                .get());
    }

    /** {@return what happened so far} */
    String account() {
        return Account.of(evidence(List.of(), Set.of()));
    }

    /** {@return each version of the resource that the API server showed} */
    List<Seen<DatabaseMigration>> versions() {
        return ground.watch().resources(namespace);
    }

    /** {@return all that is known now} */
    Evidence evidence(List<Call> calls, Set<String> mayGoDown) {
        return new Evidence(
                namespace,
                InTheDatabase.of(database),
                Sampler.shared().of(database.name()),
                ground.watch().resources(namespace),
                ground.watch().jobsMade(namespace),
                calls,
                left.written(),
                left.remains(),
                mayGoDown,
                deletedAt);
    }

    @Override
    public void close() {
        client.namespaces().withName(namespace).delete();
        database.drop();
    }
}
