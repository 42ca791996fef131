package dev.dbmigrations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.MigrationApproval;
import dev.dbmigrations.reconcile.ApprovalReconciler;
import dev.dbmigrations.testing.Cluster;
import dev.dbmigrations.testing.Helm;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.javaoperatorsdk.operator.Operator;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.Container.ExecResult;

/** Who may approve, by the API server's own word, and what an approval says of itself as its migration goes on. */
class ApprovalsIT {

    private static final String NAMESPACE = "approvals";
    private static final String HASH = "5d0b".repeat(16);
    private static final String OTHER = "77aa".repeat(16);
    private static final Set<String> ADMISSION =
            Set.of("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ClusterRole");

    private static final Cluster cluster = Cluster.withoutOperator();
    private static final KubernetesClient client = cluster.client();

    /** Jane approves, dev changes: neither may do the other's. */
    @BeforeAll
    static void install() {
        for (String crd : new String[] {"databasemigrations", "migrationapprovals"}) {
            cluster.kubectl("apply", "-f", cluster.give(Path.of("crds/" + crd + ".yaml")));
            cluster.kubectl("wait", "--for=condition=Established", "crd/" + crd + ".dbmigrations.dev");
        }
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(NAMESPACE)
                        .endMetadata()
                        .build())
                .serverSideApply();
        byte[] manifests = Helm.template(NAMESPACE, Map.of("approvals.onlyInOwnName", true))
                .getBytes(StandardCharsets.UTF_8);
        Object parsed = new KubernetesSerialization().unmarshal(new ByteArrayInputStream(manifests));
        ((Collection<?>) parsed)
                .stream()
                        .map(HasMetadata.class::cast)
                        .filter(object -> ADMISSION.contains(object.getKind()))
                        .forEach(object -> client.resource(object).serverSideApply());
        bind("jane", "approvals:dbmigrations:approve");
        bind("dev", "edit");
        await("the admission policy")
                .atMost(Duration.ofMinutes(1))
                .until(() ->
                        approve("jane", "probe", "root", HASH).getStderr().contains("spec.approvedBy must be jane"));
    }

    @AfterAll
    static void remove() {
        client.namespaces().withName(NAMESPACE).delete();
    }

    @Test
    void anApprovalIsAcceptedInOnesOwnNameOnly() {
        ExecResult inBobsName = approve("jane", "in-bobs-name", "bob", HASH);
        ExecResult inOwnName = approve("jane", "in-own-name", "jane", HASH);

        assertThat(inBobsName.getStderr())
                .contains("spec.approvedBy must be jane, the user who creates the approval, and not bob");
        assertThat(inOwnName.getStderr()).isEmpty();
        assertThat(cluster.tryKubectl("label", "dbma/in-own-name", "seen=true", "-n", NAMESPACE)
                        .getStderr())
                .as("what says nothing of who approves may be changed by others")
                .isEmpty();
    }

    @Test
    void whoChangesMigrationsDoesNotApproveThem() {
        assertThat(approve("dev", "by-dev", "dev", HASH).getStderr())
                .contains("cannot create resource \"migrationapprovals\"");
        assertThat(mayDo("dev", "create", "databasemigrations")).isTrue();
        assertThat(mayDo("dev", "get", "migrationapprovals")).isTrue();
        assertThat(mayDo("dev", "delete", "migrationapprovals")).isFalse();
    }

    @Test
    void whoApprovesMigrationsDoesNotChangeThem() {
        assertThat(mayDo("jane", "get", "databasemigrations")).isTrue();
        assertThat(mayDo("jane", "patch", "databasemigrations")).isFalse();
        assertThat(mayDo("jane", "update", "migrationapprovals")).isFalse();
        assertThat(mayDo("jane", "patch", "migrationapprovals/status")).isFalse();
        assertThat(mayDo("jane", "delete", "migrationapprovals")).isTrue();
    }

    @Test
    void anApprovalSaysWhatBecomesOfIt() {
        ApprovalReconciler approvals = new ApprovalReconciler(client, Clock.systemUTC());
        Operator operator =
                new Operator(overrides -> overrides.withKubernetesClient(client).withCloseClientOnStop(false));
        operator.register(approvals, overrides -> overrides.settingNamespaces(Set.of(NAMESPACE)));
        operator.start();
        try {
            approve("jane", "shop-1", "jane", HASH);
            awaitState("shop-1", "NoSuchMigration");

            DatabaseMigration shop = migration();
            approvals.reported(shop, DatabaseMigrationStatus.EMPTY, DatabaseMigrationStatus.EMPTY);
            awaitState("shop-1", "NoPlan");

            changes(approvals, "\"plan\": " + plan(OTHER));
            assertThat(awaitState("shop-1", "OtherPlan").getMessage()).contains(OTHER);

            changes(approvals, "\"plan\": " + plan(HASH));
            awaitState("shop-1", "PlanFits");
            String version = version("shop-1");
            assertThat(cluster.kubectl("get", "dbma/shop-1", "-n", NAMESPACE).replaceAll(" +", " "))
                    .startsWith("NAME MIGRATION PLAN BY STATE AGE\nshop-1 shop 5d0b5d0b5d0b jane PlanFits ");

            changes(approvals, "\"history\": []");
            changes(approvals, "\"history\": null");
            assertThat(version("shop-1"))
                    .as("nothing has changed, nothing was written")
                    .isEqualTo(version);

            changes(approvals, """
                    "history": [{"from": ["a"], "to": ["b"], "direction": "Upgrade", "image": "i", "job": "shop-1",
                    "startedAt": "2026-11-22T11:00:00Z", "planHash": "%s", "approvedBy": "jane"}]""".formatted(HASH));
            awaitState("shop-1", "Applied");

            approve("jane", "shop-2", "jane", OTHER);
            awaitState("shop-2", "OtherPlan");
            client.resource(shop).delete();
            approvals.gone(shop);
            awaitState("shop-2", "NoSuchMigration");
            awaitState("shop-1", "Applied");
        } finally {
            operator.stop();
        }
    }

    /** {@return the condition, as soon as it has this reason} */
    private static Condition awaitState(String approval, String reason) {
        return await(approval + " " + reason)
                .atMost(Duration.ofSeconds(30))
                .until(
                        () -> fits(approval),
                        fits -> fits.filter(is -> is.getReason().equals(reason)).isPresent())
                .orElseThrow();
    }

    private static Optional<Condition> fits(String approval) {
        return Optional.ofNullable(get(approval).getStatus()).flatMap(status -> status.fits());
    }

    private static String version(String approval) {
        return get(approval).getMetadata().getResourceVersion();
    }

    private static MigrationApproval get(String approval) {
        return Objects.requireNonNull(client.resources(MigrationApproval.class)
                .inNamespace(NAMESPACE)
                .withName(approval)
                .get());
    }

    private static DatabaseMigration migration() {
        cluster.kubectl("apply", "-n", NAMESPACE, "-f", file("shop", """
                apiVersion: dbmigrations.dev/v1alpha1
                kind: DatabaseMigration
                metadata: {name: shop}
                spec: {targetRevision: b, image: i, credentialsSecretRef: {name: s}}
                """));
        return client.resources(DatabaseMigration.class)
                .inNamespace(NAMESPACE)
                .withName("shop")
                .get();
    }

    /** The loop of migrations, as far as it concerns approvals: it writes a status, and says so. */
    private static void changes(ApprovalReconciler approvals, String status) {
        DatabaseMigration before = client.resources(DatabaseMigration.class)
                .inNamespace(NAMESPACE)
                .withName("shop")
                .get();
        cluster.kubectl(
                "patch",
                "dbm/shop",
                "-n",
                NAMESPACE,
                "--subresource=status",
                "--type=merge",
                "-p",
                "{\"status\": {\"observedGeneration\": 1, " + status + "}}");
        DatabaseMigration after = client.resource(before).get();
        approvals.reported(after, before.getStatus(), after.getStatus());
    }

    private static String plan(String hash) {
        return """
                {"hash": "%s", "direction": "Upgrade", "from": ["a"], "to": ["b"], "stepCount": 1,
                 "steps": [{"revision": "b"}], "destructive": false, "configMap": "c", "imageDigest": "d",
                 "at": "2026-11-22T11:00:00Z", "madeFor": {"targetRevision": "b", "image": "i", "alembic":
                 {"config": "alembic.ini", "section": "alembic", "python": "python3"},
                 "database": {"host": "h", "port": 5432, "name": "n"}}}""".formatted(hash);
    }

    private static ExecResult approve(String user, String name, String approvedBy, String hash) {
        return cluster.tryKubectl(
                "create", "--as=" + user, "-n", NAMESPACE, "-f", file(name, """
                apiVersion: dbmigrations.dev/v1alpha1
                kind: MigrationApproval
                metadata: {name: %s}
                spec: {migration: shop, planHash: "%s", approvedBy: %s}
                """.formatted(name, hash, approvedBy)));
    }

    private static boolean mayDo(String user, String verb, String resource) {
        return cluster.tryKubectl("auth", "can-i", verb, resource, "-n", NAMESPACE, "--as=" + user)
                .getStdout()
                .startsWith("yes");
    }

    private static void bind(String user, String role) {
        cluster.kubectl("create", "rolebinding", user, "-n", NAMESPACE, "--clusterrole=" + role, "--user=" + user);
    }

    private static String file(String name, String yaml) {
        try {
            Path file = Files.createTempDirectory("approvals").resolve(name + ".yaml");
            Files.writeString(file, yaml);
            return cluster.give(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
