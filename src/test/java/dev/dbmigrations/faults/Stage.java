package dev.dbmigrations.faults;

import static org.awaitility.Awaitility.await;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.faults.ApiWatch.Seen;
import dev.dbmigrations.faults.Evidence.InTheDatabase;
import dev.dbmigrations.faults.Sampler.Sample;
import dev.dbmigrations.system.Migration;
import dev.dbmigrations.testing.Namespaces;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.Pod;
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
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

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
    private final Migration shop;
    private final Leftovers left;
    private LedgerDatabase database;
    private Optional<Lost> lost = Optional.empty();
    private Optional<Instant> deletedAt = Optional.empty();

    /**
     * What was in the database before it was taken back to an earlier time.
     *
     * @param database it was there
     * @param ledger its ledger by then
     * @param at when it was taken back
     */
    private record Lost(LedgerDatabase database, Ledger ledger, Instant at) {}

    /** @param atHead whether the database has all revisions already, or none */
    Stage(Ground ground, boolean atHead) {
        this(
                ground,
                name -> atHead
                        ? LedgerServer.shared().atHead(name)
                        : LedgerServer.shared().empty(name));
    }

    /** @param databases makes the database of that name */
    Stage(Ground ground, Function<String, LedgerDatabase> databases) {
        this.ground = ground;
        client = ground.client();
        shop = new Migration(client, namespace, NAME);
        left = new Leftovers(client, ground.watch(), namespace);
        database = databases.apply(namespace);
        Namespaces.create(client, namespace, Map.of());
        credentials(database.credentials());
    }

    String namespace() {
        return namespace;
    }

    LedgerDatabase database() {
        return database;
    }

    /** What the Secret has from now on. */
    void credentials(Map<String, String> parts) {
        Namespaces.secret(client, namespace, SECRET, parts);
    }

    /** The database is about to lose what it has done lately; to be said while it can still be asked. */
    void losesTheNewest() {
        lost = Optional.of(new Lost(database, database.ledger(), Instant.now()));
    }

    /** It is another one by now, which says it is the same. */
    void continuesIn(LedgerDatabase older) {
        database = older;
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

    /** Somebody else writes into the resource. */
    void label(String value) {
        shop.label(value);
    }

    /** {@return what that one wrote last} */
    String label() {
        return String.valueOf(shop.get().getMetadata().getLabels().get("somebody"));
    }

    /** Waits until {@code Ready} has this reason for the spec as it is now. {@return that status} */
    DatabaseMigrationStatus awaitReason(Reason reason) {
        return shop.await(reason);
    }

    /** Waits until, beside the reason, this holds. {@return that status} */
    DatabaseMigrationStatus awaitReason(Reason reason, String what, Predicate<DatabaseMigrationStatus> holds) {
        return shop.await(reason, what, holds);
    }

    /** {@return the message of {@code Ready}} */
    String message() {
        return shop.message();
    }

    /** Waits for an event of the resource, by type and reason. */
    void awaitEvent(String typeAndReason) {
        shop.awaitEvent(typeAndReason);
    }

    /** {@return the Jobs that were made so far, oldest first} */
    List<Seen<Job>> jobsMade() {
        return ground.watch().jobsMade(namespace);
    }

    /** {@return when the target was seen to be reached after this time} */
    Optional<Instant> atTargetSince(Instant time) {
        return ground.watch().resources(namespace).stream()
                .filter(version -> version.at().isAfter(time))
                .filter(version -> Migration.says(version.object().getStatus(), Reason.AtTarget))
                .map(Seen::at)
                .findFirst();
    }

    /** Asks for another attempt. */
    void retry() {
        shop.retry(namespace);
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

    /** {@return the one pod that runs} Its process may be at work before the cluster says so. */
    Pod pod() {
        return await("a running pod in " + namespace)
                .atMost(LONG_ENOUGH)
                .pollInterval(Duration.ofMillis(50))
                .until(this::runningPod, Optional::isPresent)
                .orElseThrow();
    }

    private Optional<Pod> runningPod() {
        return pods().stream()
                .filter(pod -> pod.getStatus().getPhase().equals("Running"))
                .findFirst();
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
                InTheDatabase.of(database, ledger()),
                samples(),
                ground.watch().resources(namespace),
                ground.watch().jobsMade(namespace),
                calls,
                left.written(),
                left.remains(),
                mayGoDown,
                deletedAt);
    }

    private Ledger ledger() {
        return lost.map(before -> before.ledger().takenBackTo(database.ledger(), before.at()))
                .orElseGet(database::ledger);
    }

    private List<Sample> samples() {
        Stream<Sample> before = lost.map(Lost::database).filter(there -> there.server() != database.server()).stream()
                .flatMap(there -> there.server().sampler().of(there.name()).stream());
        return Stream.concat(before, database.server().sampler().of(database.name()).stream())
                .toList();
    }

    @Override
    public void close() {
        client.namespaces().withName(namespace).delete();
        database.drop();
    }
}
