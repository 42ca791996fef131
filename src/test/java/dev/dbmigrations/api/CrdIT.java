package dev.dbmigrations.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.dbmigrations.testing.Cluster;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.testcontainers.containers.Container.ExecResult;

/** What a user meets who types kubectl: every example, every documented bad example, and how the answers read. */
class CrdIT {

    private static final String NAMESPACE = "crd";
    private static final Path INVALID = Path.of("src/test/resources/resources/invalid");

    private static final Cluster cluster = Cluster.withoutOperator();
    private static final KubernetesClient client = cluster.client();

    @BeforeAll
    static void install() {
        for (Path crd : List.of(CrdTest.CRD, CrdTest.CRD_OF_APPROVALS)) {
            cluster.kubectl("apply", "-f", cluster.give(crd));
        }
        cluster.kubectl(
                "wait",
                "--for=condition=Established",
                "crd/databasemigrations.dbmigrations.dev",
                "crd/migrationapprovals.dbmigrations.dev");
        client.namespaces()
                .resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(NAMESPACE)
                        .endMetadata()
                        .build())
                .serverSideApply();
    }

    @AfterAll
    static void remove() {
        client.namespaces().withName(NAMESPACE).delete();
    }

    @ParameterizedTest
    @ValueSource(strings = {"examples", "src/test/resources/resources/valid"})
    void areAccepted(Path files) {
        var answer = create(files);

        assertThat(answer.getStderr()).isEmpty();
        assertThat(answer.getStdout()).contains("created (server dry run)");
    }

    @TestFactory
    Stream<DynamicTest> isRefusedWithWhatItsFirstLineSays() throws IOException {
        String[] refusals = create(INVALID)
                .getStderr()
                .split("(?m)^(?=Error from server|The DatabaseMigration|The MigrationApproval)");
        return files(INVALID)
                .map(file -> dynamicTest(file.getFileName().toString(), () -> {
                    String expected = Files.readAllLines(file).getFirst().replaceFirst("^# refused: ", "");
                    String name = file.getFileName().toString().replace(".yaml", "");

                    assertThat(refusals)
                            .filteredOn(refusal ->
                                    refusal.contains('"' + name + '"') || refusal.contains("/" + name + ".yaml\""))
                            .singleElement(STRING)
                            .contains(expected);
                }));
    }

    /** Tools that do not ask for strict validation have unknown fields dropped: nothing unsafe may remain. */
    @Test
    void aVolumeOfTheHostIsRefusedWithoutStrictValidationToo() {
        var answer = create(INVALID.resolve("job-volume-host-path.yaml"), "--validate=false");

        assertThat(answer.getStderr()).contains("other kinds, such as hostPath, are not allowed");
    }

    @Test
    void aNewResourceCountsAsInProgress() {
        DatabaseMigration created = store("examples/minimal.yaml");

        assertThat(created.getStatus()).isEqualTo(DatabaseMigrationStatus.EMPTY);
    }

    @Test
    void defaultsAreThoseOfTheRecords() {
        DatabaseMigration created = store("examples/minimal.yaml");

        assertThat(created.getSpec())
                .isEqualTo(DatabaseMigrationSpec.of(
                        "0e59c3885358", "registry.example.com/trigpointing-migrations:1.4.2", "trigpointing-db"));
    }

    @Test
    void everyFieldSurvivesARoundTripThroughTheRecords() throws IOException {
        DatabaseMigration typed = store("examples/all-fields.yaml");
        typed.setStatus(fullStatus());

        DatabaseMigration updated = client.resource(typed).updateStatus();

        assertThat(updated.getStatus()).isEqualTo(fullStatus());
        JsonNode stored = tree(client.genericKubernetesResources(typed.getApiVersion(), typed.getKind())
                .inNamespace(NAMESPACE)
                .withName("shop")
                .get());
        JsonNode again = tree(updated);
        assertThat(again.get("spec")).isEqualTo(stored.get("spec"));
        assertThat(again.get("status")).isEqualTo(stored.get("status"));
        assertThat(noNullIn(stored.get("status")))
                .as("the status of this test is full")
                .isTrue();
    }

    @Test
    void explainTellsEveryField() {
        assertThat(cluster.kubectl("explain", "databasemigrations.spec", "--recursive"))
                .contains("targetRevision", "credentialsSecretRef", "nodeSelectorTerms", "secretKeyRef");
        assertThat(cluster.kubectl("explain", "dbmigrations.spec.targetRevision"))
                .containsIgnoringWhitespaces("applying the same manifest twice");
    }

    @Test
    void getPrintsTheColumns() {
        DatabaseMigration shop = store("examples/all-fields.yaml");
        shop.setStatus(fullStatus());
        client.resource(shop).updateStatus();

        for (String name : List.of("dbm", "dbmigrations")) {
            assertThat(table("get", name, "shop"))
                    .startsWith("NAME TARGET CURRENT PENDING READY REASON AGE\n"
                            + "shop 0e59c3885358 ae1027a6acf0,b7 3 False MigrationFailed ");
        }
        assertThat(table("get", "dbm", "shop", "-o", "wide"))
                .startsWith("NAME TARGET CURRENT PENDING READY REASON AGE IMAGE HEAD\n")
                .contains(" registry.example.com/shop-migrations:1.4.2 7c1f7e1f0b7a\n");
    }

    @Test
    void theCategoryListsBothKinds() {
        store("examples/minimal.yaml");
        cluster.kubectl("apply", "-n", NAMESPACE, "-f", cluster.give(Path.of("examples/approval.yaml")));

        assertThat(cluster.kubectl("get", "migrations", "-n", NAMESPACE, "-o", "name"))
                .contains(
                        "databasemigration.dbmigrations.dev/trigpointing\n",
                        "migrationapproval.dbmigrations.dev/trigpointing-2026-11-22\n");
    }

    @Test
    void resourcesCanBeFoundByTheirSecret() {
        store("examples/minimal.yaml");
        store("examples/all-fields.yaml");

        assertThat(cluster.kubectl(
                        "get",
                        "dbm",
                        "-n",
                        NAMESPACE,
                        "-o",
                        "name",
                        "--field-selector",
                        "spec.credentialsSecretRef.name=trigpointing-db"))
                .isEqualTo("databasemigration.dbmigrations.dev/trigpointing\n");
    }

    @Test
    void whatWasApprovedIsNeverChanged() {
        String file = cluster.give(Path.of("examples/approval.yaml"));
        cluster.kubectl("apply", "-n", NAMESPACE, "-f", file);

        for (String change : List.of(
                "{\"approvedBy\":\"root\"}", "{\"comment\":null}", "{\"planHash\":\"" + "0".repeat(64) + "\"}")) {
            var answer = cluster.tryKubectl(
                    "patch",
                    "dbma/trigpointing-2026-11-22",
                    "-n",
                    NAMESPACE,
                    "--type=merge",
                    "-p",
                    "{\"spec\":" + change + "}");
            assertThat(answer.getExitCode()).as(change).isNotZero();
            assertThat(answer.getStderr())
                    .contains("must not be changed, because it is what somebody approved; delete this approval and"
                            + " create another one");
        }
        cluster.kubectl("label", "dbma/trigpointing-2026-11-22", "-n", NAMESPACE, "seen=true");
        assertThat(table("get", "dbma"))
                .startsWith("NAME MIGRATION PLAN BY STATE AGE\ntrigpointing-2026-11-22 trigpointing jane@example.com ");
    }

    private static ExecResult create(Path file, String... options) {
        return cluster.tryKubectl(
                Stream.concat(Stream.of("create", "--dry-run=server", "-f", cluster.give(file)), Stream.of(options))
                        .toArray(String[]::new));
    }

    /** Puts an example's resource into the cluster, anew, as a user does. */
    private static DatabaseMigration store(String example) {
        String file = cluster.give(Path.of(example));
        cluster.kubectl("delete", "-n", NAMESPACE, "--ignore-not-found", "-f", file);
        String name = cluster.kubectl("create", "-n", NAMESPACE, "-f", file, "-o", "jsonpath={.metadata.name}");
        return client.resources(DatabaseMigration.class)
                .inNamespace(NAMESPACE)
                .withName(name)
                .get();
    }

    /** {@return what kubectl prints, with one blank between columns} */
    private static String table(String... arguments) {
        String printed = cluster.kubectl(
                Stream.concat(Stream.of(arguments), Stream.of("-n", NAMESPACE)).toArray(String[]::new));
        return printed.replaceAll(" +", " ").replace(" \n", "\n");
    }

    private static JsonNode tree(Object resource) throws IOException {
        return new ObjectMapper().readTree(client.getKubernetesSerialization().asJson(resource));
    }

    private static boolean noNullIn(JsonNode status) {
        return Stream.of(DatabaseMigrationStatus.class.getRecordComponents())
                .allMatch(component -> status.hasNonNull(component.getName()));
    }

    private static DatabaseMigrationStatus fullStatus() {
        Instant at = Instant.parse("2026-11-01T12:00:00Z");
        var table = new DatabaseMigrationStatus.VersionTable("shop", "alembic_version");
        var alembic = new AlembicSettings(
                "migrations/alembic.ini", "/srv/app", "alembic", "python3", "v", "shop", List.of("tenant=blue"));
        String image = "registry.example.com/shop-migrations:1.4.2";
        String digest = "registry.example.com/shop-migrations@sha256:" + "0".repeat(64);
        List<String> current = List.of("ae1027a6acf0", "b7");
        return new DatabaseMigrationStatus(
                1L,
                "ae1027a6acf0,b7",
                current,
                "2026-11-01T12:00:00Z",
                table,
                new DatabaseMigrationStatus.Database("shop", 16384, "7412", "10.0.3.7", 5432),
                List.of("0e59c3885358"),
                "7c1f7e1f0b7a",
                3,
                List.of("b7"),
                new DatabaseMigrationStatus.ResolvedFor("0e59c3885358", image, alembic),
                new DatabaseMigrationStatus.LastReached(
                        "ae1027a6acf0",
                        current,
                        image,
                        digest,
                        true,
                        alembic,
                        new DatabaseMigrationStatus.DatabaseIdentity("shop-db", 5432, "shop", "7412", table),
                        at),
                new PlanStatus(
                        "0".repeat(64),
                        "Upgrade",
                        current,
                        List.of("0e59c3885358"),
                        "ae1027a6acf0",
                        1,
                        List.of(new PlanStatus.Step(
                                "0e59c3885358", "drop the name", List.of("drops column user.name"), "only raises")),
                        true,
                        "shop-plan-0000000000",
                        digest,
                        new PlanStatus.MadeFor(
                                "0e59c3885358",
                                image,
                                alembic,
                                "shop_owner",
                                "ae1027a6acf0",
                                new DatabaseMigrationStatus.DatabaseIdentity("shop-db", 5432, "shop", "7412", table)),
                        at),
                new DatabaseMigrationStatus.Attempt(
                        2,
                        1,
                        "Apply",
                        "shop-1a2b3c4d",
                        at,
                        1,
                        3,
                        "0e59c3885358",
                        "a lock on public.tlog",
                        current,
                        3L,
                        at),
                new DatabaseMigrationStatus.Comparison(3, 1, "shop-1a2b3c4d", image, current, at, at, 1),
                new DatabaseMigrationStatus.LastFailure(
                        Reason.MigrationFailed,
                        "null value in column \"location\"",
                        "0e59c3885358",
                        "23502",
                        "ALTER TABLE tlog ALTER COLUMN location SET NOT NULL",
                        "shop-1a2b3c4d",
                        at,
                        1,
                        at,
                        1,
                        "4711",
                        current,
                        new DatabaseMigrationStatus.LeftBehind(
                                current, List.of("public.tlog_score"), List.of("UPDATE tlog SET score = 1"))),
                "again",
                List.of(new DatabaseMigrationStatus.Migration(
                        List.of(),
                        current,
                        "Upgrade",
                        image,
                        digest,
                        "shop-0a1b2c3d",
                        at,
                        "ae1027a6acf0",
                        "5d0b",
                        "jane",
                        1.234)),
                List.of(new ConditionBuilder()
                        .withType("Ready")
                        .withStatus("False")
                        .withObservedGeneration(1L)
                        .withLastTransitionTime("2026-11-01T12:00:00Z")
                        .withReason(Reason.MigrationFailed.name())
                        .withMessage("a step failed")
                        .build()));
    }

    private static Stream<Path> files(Path directory) throws IOException {
        try (Stream<Path> list = Files.list(directory)) {
            return list.sorted().toList().stream();
        }
    }
}
