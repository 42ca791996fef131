package dev.dbmigrations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.dbmigrations.api.ApprovalPolicy;
import dev.dbmigrations.api.DowngradePolicy;
import dev.dbmigrations.reconcile.Policy;
import dev.dbmigrations.testing.Helm;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentSpec;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the chart makes of its values. That it works is for the system tests. */
class ChartTest {

    private static final KubernetesSerialization YAML = new KubernetesSerialization();
    private static final Path EXPECTED = Path.of("src/test/resources/chart");
    private static final Set<String> RBAC = Set.of("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding");

    @Test
    void passesHelmsOwnReview() {
        assertThat(Helm.lint()).doesNotContain("[WARNING]", "[ERROR]");
    }

    /** The files are the whole of what the operator may do, for people to read. */
    @Test
    void rightsAreThoseOfTheReleasesOwnNamespaceByDefault() throws IOException {
        assertThat(rights(Map.of())).isEqualTo(expected("rights-own-namespace.txt"));
    }

    @Test
    void rightsAreGivenInEachNamespaceOfAList() throws IOException {
        assertThat(rights(Map.of("watchNamespaces[0]", "shop", "watchNamespaces[1]", "maps")))
                .isEqualTo(expected("rights-two-namespaces.txt"));
    }

    @Test
    void rightsAreTheClustersOnlyWhenAskedFor() throws IOException {
        assertThat(rights(Map.of("clusterWide", true))).isEqualTo(expected("rights-cluster-wide.txt"));
    }

    @Test
    void noRightsAreGivenWhereSomebodyElseGivesThem() {
        assertThat(rights(Map.of("rbac.create", false, "rbac.aggregateRoles", false)))
                .isEmpty();
    }

    @Test
    void theOperatorIsToldWhatItMayLookAt() {
        assertThat(environment(Map.of())).containsEntry("WATCH_NAMESPACES", "ops");
        assertThat(environment(Map.of("watchNamespaces[0]", "shop", "watchNamespaces[1]", "maps")))
                .containsEntry("WATCH_NAMESPACES", "shop,maps");
        assertThat(environment(Map.of("clusterWide", true))).containsEntry("WATCH_NAMESPACES", "");
    }

    @Test
    void theOperatorIsToldThePolicy() {
        assertThat(environment(Map.of())).doesNotContainKey("POLICY");

        String told = environment(Map.of(
                        "policy[0].namespaces[0]",
                        "shop-*",
                        "policy[0].leastApproval",
                        "Destructive",
                        "policy[0].greatestDowngrade",
                        "Never"))
                .get("POLICY");

        assertThat(Policy.parse(Objects.requireNonNull(told)))
                .isEqualTo(new Policy(List.of(
                        new Policy.Rule(List.of("shop-*"), ApprovalPolicy.Destructive, DowngradePolicy.Never))));
    }

    @Test
    void thePodPassesTheRestrictedPodSecurityStandard() {
        PodSpec pod = pod(Map.of());

        assertThat(pod.getHostNetwork()).isNull();
        assertThat(pod.getVolumes())
                .allSatisfy(volume -> assertThat(volume.getEmptyDir()).isNotNull());
        assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
        assertThat(pod.getSecurityContext().getRunAsUser()).isEqualTo(65532);
        assertThat(pod.getSecurityContext().getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
        assertThat(pod.getContainers()).singleElement().satisfies(container -> {
            assertThat(container.getSecurityContext().getAllowPrivilegeEscalation())
                    .isFalse();
            assertThat(container.getSecurityContext().getReadOnlyRootFilesystem())
                    .isTrue();
            assertThat(container.getSecurityContext().getCapabilities().getDrop())
                    .containsExactly("ALL");
            assertThat(container.getSecurityContext().getCapabilities().getAdd())
                    .isEmpty();
        });
    }

    @Test
    void namesNoUserWherePlatformsGiveThem() {
        PodSpec pod = pod(Map.of("setUser", false));

        assertThat(pod.getSecurityContext().getRunAsUser()).isNull();
        assertThat(pod.getSecurityContext().getRunAsGroup()).isNull();
        assertThat(pod.getSecurityContext().getFsGroup()).isNull();
        assertThat(environment(Map.of("setUser", false))).containsEntry("JOB_RUN_AS_USER", "none");
    }

    @Test
    void aDigestCountsInsteadOfTheTag() {
        String digest = "sha256:" + "0".repeat(64);

        assertThat(container(Map.of("image.tag", "1.2.3")).getImage()).isEqualTo("dbmigrations/operator:1.2.3");
        assertThat(container(Map.of("image.tag", "1.2.3", "image.digest", digest))
                        .getImage())
                .isEqualTo("dbmigrations/operator@" + digest);
    }

    @Test
    void replicasElectALeaderOrThereIsOne() {
        assertThat(environment(Map.of())).containsEntry("LEADER_ELECTION_LEASE", "ops/dbmigrations");
        assertThat(environment(Map.of("leaderElection", false))).containsEntry("LEADER_ELECTION_LEASE", "");
        assertThat(strategy(Map.of())).isEqualTo("RollingUpdate");
        assertThat(strategy(Map.of("leaderElection", false))).isEqualTo("Recreate");
        assertThat(rights(Map.of("leaderElection", false))).doesNotContain("leases");
        assertThat(kinds(Map.of())).doesNotContain("PodDisruptionBudget");
        assertThat(kinds(Map.of("replicas", 2))).contains("PodDisruptionBudget");
        assertThatThrownBy(() -> Helm.template("ops", Map.of("replicas", 2, "leaderElection", false)))
                .hasMessageContaining("several replicas without leaderElection");
    }

    @Test
    void approvalsInOnesOwnNameOnlyAreForTheNamespacesLookedAfter() {
        String policy = "ValidatingAdmissionPolicyBinding";

        assertThat(kinds(Map.of())).doesNotContain(policy);
        assertThat(bindingIn(Map.of("approvals.onlyInOwnName", true, "watchNamespaces[0]", "shop")))
                .contains("kubernetes.io/metadata.name", "shop");
        assertThat(bindingIn(Map.of("approvals.onlyInOwnName", true, "clusterWide", true)))
                .doesNotContain("namespaceSelector");
    }

    private static String bindingIn(Map<String, ?> values) {
        return render(values).stream()
                .filter(object -> object.getKind().equals("ValidatingAdmissionPolicyBinding"))
                .map(YAML::asYaml)
                .collect(Collectors.joining());
    }

    @Test
    void metricsHaveAServiceWhenAskedFor() {
        assertThat(kinds(Map.of())).doesNotContain("Service");
        assertThat(kinds(Map.of("metrics.service.enabled", true))).contains("Service");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    nope                    | true     | additional properties 'nope' not allowed
                    image.repo              | x        | additional properties 'repo' not allowed
                    clusterWide             | maybe    | at '/clusterWide': got string, want boolean
                    logFormat               | xml      | at '/logFormat': value must be one of
                    watchNamespaces[0]      | Shop     | at '/watchNamespaces/0': 'Shop' does not match pattern
                    watchNamespaces         | shop     | at '/watchNamespaces': got string, want array
                    metrics.service.port    | 70000    | at '/metrics/service/port': maximum: got 70,000, want 65,535
                    policy[0].namespaces[0] | Shop     | at '/policy/0/namespaces/0': 'Shop' does not match pattern
                    policy[0].downgrade     | Never    | additional properties 'downgrade' not allowed
                    policy                  | Never    | at '/policy': got string, want array
                    image.digest            | latest   | at '/image/digest': 'latest' does not match pattern
                    """)
    void valuesThatAreNoneAreRefused(String key, String value, String refusal) {
        assertThatThrownBy(() -> Helm.template("ops", Map.of(key, value))).hasMessageContaining(refusal);
    }

    @Test
    void allNamespacesAndSomeExcludeEachOther() {
        assertThatThrownBy(() -> Helm.template("ops", Map.of("clusterWide", true, "watchNamespaces[0]", "shop")))
                .hasMessageContaining("clusterWide and watchNamespaces exclude each other");
    }

    /** {@return kind, namespace and name of every role and binding, and one line per rule or subject} */
    private static String rights(Map<String, ?> values) {
        return render(values).stream()
                .filter(object -> RBAC.contains(object.getKind()))
                .map(ChartTest::right)
                .sorted()
                .collect(Collectors.joining());
    }

    private static String right(HasMetadata object) {
        StringBuilder text = new StringBuilder("%s %s%s%n"
                .formatted(
                        object.getKind(),
                        object.getMetadata().getNamespace() == null
                                ? ""
                                : object.getMetadata().getNamespace() + "/",
                        object.getMetadata().getName()));
        var tree = YAML.convertValue(object, JsonNode.class);
        tree.path("rules")
                .forEach(rule -> text.append("  %s %s%s: %s%n"
                        .formatted(
                                words(rule.path("apiGroups")),
                                words(rule.path("resources")),
                                rule.path("resourceNames").isEmpty() ? "" : " " + words(rule.path("resourceNames")),
                                words(rule.path("verbs")))));
        tree.path("subjects")
                .forEach(subject -> text.append("  %s -> %s %s/%s%n"
                        .formatted(
                                tree.at("/roleRef/kind").asText() + " "
                                        + tree.at("/roleRef/name").asText(),
                                subject.path("kind").asText(),
                                subject.path("namespace").asText(),
                                subject.path("name").asText())));
        return text.toString();
    }

    private static String words(JsonNode list) {
        return list.valueStream()
                .map(word -> word.asText().isEmpty() ? "core" : word.asText())
                .collect(Collectors.joining(" "));
    }

    private static String expected(String file) throws IOException {
        return Files.readString(EXPECTED.resolve(file));
    }

    private static Map<String, String> environment(Map<String, ?> values) {
        return container(values).getEnv().stream().collect(Collectors.toMap(EnvVar::getName, EnvVar::getValue));
    }

    private static Container container(Map<String, ?> values) {
        return pod(values).getContainers().getFirst();
    }

    private static String strategy(Map<String, ?> values) {
        return deployment(values).getStrategy().getType();
    }

    private static PodSpec pod(Map<String, ?> values) {
        return deployment(values).getTemplate().getSpec();
    }

    private static DeploymentSpec deployment(Map<String, ?> values) {
        return render(values).stream()
                .filter(Deployment.class::isInstance)
                .map(Deployment.class::cast)
                .findFirst()
                .orElseThrow()
                .getSpec();
    }

    private static List<String> kinds(Map<String, ?> values) {
        return render(values).stream().map(HasMetadata::getKind).toList();
    }

    private static List<HasMetadata> render(Map<String, ?> values) {
        byte[] manifests = Helm.template("ops", values).getBytes(StandardCharsets.UTF_8);
        Object parsed = YAML.unmarshal(new ByteArrayInputStream(manifests));
        return ((Collection<?>) parsed).stream().map(HasMetadata.class::cast).toList();
    }
}
