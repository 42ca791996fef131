package dev.dbmigrations.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.system.Migration;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Several resources, and several who write them: nobody is held up, and nobody fights. */
@Execution(ExecutionMode.CONCURRENT)
class FairnessIT {

    /** As many as the operator works on at a time. */
    private static final int SLOTS = 8;

    /** What fails is repeated twice; what a resource asked for when the new one was made may be half done. */
    private static final int CALLS_OF_A_PASS = 3;

    private static final int MANY = Integer.getInteger("faults.crowd", 12);

    private static final String FAILING = "failing-";
    private static final String SILENT = "silent-";

    /** The passes of some always end in an exception, and the databases of others never answer. */
    @Test
    void manyThatFailHoldNobodyUp() {
        Fault error = new Fault.Refused(500, "InternalError", 0);
        try (Crowd crowd = new Crowd(call -> call.path().contains("/secrets/" + FAILING) ? error : new Fault.None())) {
            for (int i = 0; i < 3 * SLOTS; i++) {
                crowd.migration(FAILING + i);
                crowd.secret(SILENT + i, silent());
                crowd.migration(SILENT + i);
            }
            await("all fail")
                    .atMost(Duration.ofMinutes(1))
                    .until(() -> IntStream.range(0, 3 * SLOTS).allMatch(i -> wasRead(crowd, FAILING + i)));
            LedgerDatabase database = crowd.database("healthy", false);
            crowd.secret("healthy", database.credentials());

            Instant made = Instant.now();
            Migration healthy = crowd.migration("healthy");
            healthy.await(Reason.AtTarget);

            List<Call> since = crowd.calls().stream()
                    .filter(call -> call.at().isAfter(made) && call.path().contains("/secrets/"))
                    .toList();
            Instant first = firstOf("healthy", since);
            Map<String, Long> before = since.stream()
                    .filter(call -> call.at().isBefore(first))
                    .collect(Collectors.groupingBy(Call::path, Collectors.counting()));
            assertThat(before.values())
                    .as("what each of the others asked for before its first pass: %s", before)
                    .allSatisfy(calls -> assertThat(calls).isLessThanOrEqualTo(2 * CALLS_OF_A_PASS));
            assertThat(database.revisions()).containsExactly(Trees.THIRD);
            assertThat(new Migration(crowd.client(), crowd.namespace(), SILENT + 0)
                            .get()
                            .getStatus()
                            .condition("Ready"))
                    .hasValueSatisfying(ready -> assertThat(ready.getReason())
                            .isIn(Reason.Pending.name(), Reason.DatabaseUnreachable.name()));
        }
    }

    @Test
    void manyAtOnceAllArrive() {
        try (Crowd crowd = new Crowd(Fault.Plan.NONE)) {
            List<LedgerDatabase> databases = IntStream.range(0, MANY)
                    .mapToObj(i -> crowd.database("n" + i, false))
                    .toList();
            for (int i = 0; i < MANY; i++) {
                crowd.secret("n" + i, databases.get(i).credentials());
            }
            List<Migration> all = IntStream.range(0, MANY)
                    .mapToObj(i -> crowd.migration("n" + i))
                    .toList();

            await("all of them")
                    .atMost(Duration.ofMinutes(10))
                    .pollInterval(Duration.ofMillis(500))
                    .until(() -> all.stream().allMatch(one -> isReady(one.get())));

            assertThat(crowd.jobs()).as("one Job each").isEqualTo(MANY);
            assertThat(databases).allSatisfy(database -> {
                assertThat(database.revisions()).containsExactly(Trees.THIRD);
                assertThat(database.ledger().rows()).as("each revision once").hasSize(3);
                assertThat(LedgerServer.shared().sampler().of(database.name()))
                        .allSatisfy(sample -> assertThat(sample.runs()).hasSizeLessThan(2));
            });
            System.out.printf("crowd: %d resources at once%n", MANY);
        }
    }

    @Test
    void aSecretThatIsDeletedAndComesBack() {
        try (Crowd crowd = new Crowd(Fault.Plan.NONE)) {
            LedgerDatabase database = crowd.database("shop", true);
            crowd.secret("shop", database.credentials());
            Migration shop = crowd.migration("shop");
            shop.change("checkInterval: 1s");
            shop.await(Reason.AtTarget);

            crowd.client()
                    .secrets()
                    .inNamespace(crowd.namespace())
                    .withName("shop")
                    .delete();
            shop.await(Reason.CredentialsNotFound);
            shop.change("targetRevision: " + Trees.FIRST);
            shop.await(Reason.CredentialsNotFound);
            Map<String, String> withoutPassword = new HashMap<>(database.credentials());
            withoutPassword.remove("password");
            crowd.secret("shop", withoutPassword);
            shop.await(Reason.CredentialsInvalid);
            assertThat(database.revisions()).containsExactly(Trees.THIRD);

            crowd.secret("shop", database.credentials());
            shop.await(Reason.AtTarget);
            assertThat(database.revisions()).containsExactly(Trees.FIRST);
        }
    }

    @Test
    void aTerminalFailureShowsInConditionAndEvent() {
        try (Crowd crowd = new Crowd(Fault.Plan.NONE)) {
            crowd.secret("shop", crowd.database("shop", false).credentials());
            Migration shop = crowd.migration("shop");
            shop.change("alembic: {workingDir: /trees/broken}\ntargetRevision: head");

            Condition stalled =
                    shop.await(Reason.MigrationFailed).condition("Stalled").orElseThrow();
            Instant shown = Instant.now();
            shop.awaitEvent("Warning MigrationFailed");
            assertThat(stalled.getStatus()).isEqualTo("True");
            System.out.printf(
                    "recovery: terminal failure, %d s from the container's end until it is Stalled, to a second%n",
                    Duration.between(endOfTheLastContainer(crowd), shown).toSeconds());

            shop.change("alembic: {workingDir: /trees/ledger}");
            assertThat(shop.await(Reason.AtTarget).condition("Stalled")).isEmpty();
        }
    }

    private static Instant endOfTheLastContainer(Crowd crowd) {
        return crowd.client().pods().inNamespace(crowd.namespace()).list().getItems().stream()
                .flatMap(pod -> pod.getStatus().getContainerStatuses().stream())
                .map(container -> container.getState().getTerminated())
                .filter(Objects::nonNull)
                .map(ended -> Instant.parse(ended.getFinishedAt()))
                .max(Comparator.naturalOrder())
                .orElseThrow();
    }

    /** As Argo CD does with `Force=true,ServerSideApply=true`, and with a status in the manifest that nobody means. */
    @Test
    void whoAppliesWithForceAndTheOperatorDoNotFight() {
        try (Crowd crowd = new Crowd(Fault.Plan.NONE)) {
            crowd.secret("shop", crowd.database("shop", true).credentials());
            apply(crowd, Trees.THIRD);
            Migration shop = new Migration(crowd.client(), crowd.namespace(), "shop");
            shop.await(Reason.AtTarget);
            String settled = shop.get().getMetadata().getResourceVersion();

            for (int i = 0; i < 10; i++) {
                apply(crowd, Trees.THIRD);
            }
            assertThat(shop.get().getMetadata().getResourceVersion())
                    .as("nothing was changed, and so nothing written")
                    .isEqualTo(settled);

            apply(crowd, Trees.FIRST);
            shop.await(Reason.AtTarget);
            List<ManagedFieldsEntry> fields = shop.get().getMetadata().getManagedFields();
            assertThat(fields)
                    .filteredOn(entry -> "argocd-controller".equals(entry.getManager()))
                    .allSatisfy(entry -> assertThat(entry.getSubresource()).isNull());
            assertThat(fields)
                    .filteredOn(entry -> !"argocd-controller".equals(entry.getManager()))
                    .isNotEmpty()
                    .allSatisfy(entry -> assertThat(entry.getSubresource()).isEqualTo("status"));
        }
    }

    private static void apply(Crowd crowd, String target) {
        Resource<?> shop = (Resource<?>) crowd.client()
                .resource(Crowd.manifest("shop", target) + "status: {currentRevision: forged}\n")
                .inNamespace(crowd.namespace())
                .fieldManager("argocd-controller")
                .forceConflicts();
        shop.serverSideApply();
    }

    private static boolean isReady(DatabaseMigration resource) {
        return resource.getStatus()
                .condition("Ready")
                .filter(ready -> "True".equals(ready.getStatus()))
                .isPresent();
    }

    private static boolean wasRead(Crowd crowd, String secret) {
        return crowd.calls().stream().anyMatch(call -> call.path().endsWith("/secrets/" + secret));
    }

    private static Instant firstOf(String secret, List<Call> calls) {
        return calls.stream()
                .filter(call -> call.path().endsWith("/secrets/" + secret))
                .findFirst()
                .map(Call::at)
                .orElseThrow();
    }

    /** An address of documentation's own, from which nothing comes back. */
    private static Map<String, String> silent() {
        return Map.of("host", "192.0.2.1", "port", "5432", "user", "shop", "password", "none", "dbname", "shop");
    }
}
