package dev.dbmigrations.system;

import static dev.dbmigrations.api.Reason.AtTarget;
import static dev.dbmigrations.api.Reason.AwaitingApproval;
import static dev.dbmigrations.api.Reason.Planned;
import static dev.dbmigrations.api.Reason.PodRejected;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.dbmigrations.testing.Cluster;
import dev.dbmigrations.testing.Helm;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the operator may do, beside what it does by the API server's own account. */
class RightsIT {

    /** Asked for only where a Job was made and nobody was told, because of a crash: see AttemptsIT. */
    private static final String AFTER_A_CRASH = "get batch jobs";

    @RegisterExtension
    final Team team = new Team();

    @Test
    void asksForAllThatTheChartGivesAndForNothingElse() {
        List<String> requests = Cluster.shared().audit();
        assumeThat(requests).as("the API server's audit log").isNotEmpty();
        doAllThatThereIsToDo();

        SortedSet<String> asked = new TreeSet<>();
        SortedSet<String> refused = new TreeSet<>();
        for (String line : Cluster.shared().audit()) {
            JsonNode request = Serialization.unmarshal(line, JsonNode.class);
            if (request.path("user").path("username").asText().endsWith(":dbmigrations") && request.has("objectRef")) {
                asked.add(right(request));
                if (request.path("responseStatus").path("code").asInt() == 403
                        && request.path("annotations")
                                .path("authorization.k8s.io/decision")
                                .asText()
                                .equals("forbid")) {
                    refused.add(right(request));
                }
            }
        }

        assertThat(refused).isEmpty();
        asked.add(AFTER_A_CRASH);
        assertThat(given()).as("what the chart gives, and what is asked for").containsExactlyElementsOf(asked);
    }

    /** Old plans and Jobs are deleted, a Job gets no pod, two resources share the runner's files. */
    private void doAllThatThereIsToDo() {
        team.databaseWithSecret();
        String quota = """
                apiVersion: v1
                kind: ResourceQuota
                metadata: {name: full}
                spec: {hard: {pods: "0"}}
                """;
        team.apply(quota);
        Migration shop = team.migration(Team.tree("plans", "p1_customers", "mode: Plan"));
        shop.await(PodRejected);
        team.remove(quota);
        shop.await(Planned);
        for (String target : List.of("p2_email", "p3_no_name", "p4_large")) {
            shop.change("targetRevision: " + target);
            shop.await(Planned);
        }
        shop.change("mode: Apply\ntargetRevision: p2_email\napproval: Always");
        String hash =
                Objects.requireNonNull(shop.await(AwaitingApproval).plan()).hash();
        team.apply("""
                apiVersion: dbmigrations.dev/v1alpha1
                kind: MigrationApproval
                metadata: {name: go}
                spec: {migration: shop, planHash: "%s", approvedBy: ada@example.com}
                """.formatted(hash));
        shop.await(AtTarget);
        shop.awaitHistory("Upgrade");
        team.secret("maps-db", team.database().inParts());
        team.migration("maps", Team.tree("plans", "p1_customers", "credentialsSecretRef: {name: maps-db}"))
                .await(AtTarget);
    }

    /** {@return such as {@code get pods/log}, {@code create batch jobs}} */
    private static String right(JsonNode request) {
        JsonNode object = request.path("objectRef");
        String resource = object.path("resource").asText()
                + (object.has("subresource") ? "/" + object.path("subresource").asText() : "");
        return right(request.path("verb").asText(), object.path("apiGroup").asText(), resource);
    }

    private static String right(String verb, String group, String resource) {
        return verb + (group.isEmpty() ? "" : " " + group) + " " + resource;
    }

    /** {@return the rights that the chart's roles give to the operator itself} */
    private static SortedSet<String> given() {
        byte[] manifests = Helm.template(
                        InstalledOperator.NAMESPACE, Map.of("clusterWide", true, "rbac.aggregateRoles", false))
                .getBytes(StandardCharsets.UTF_8);
        Object objects = new KubernetesSerialization().unmarshal(new ByteArrayInputStream(manifests));
        SortedSet<String> rights = new TreeSet<>();
        ((Collection<?>) objects)
                .stream()
                        .map(HasMetadata.class::cast)
                        .flatMap(RightsIT::rules)
                        .forEach(rule -> rule.getApiGroups()
                                .forEach(group -> rule.getResources()
                                        .forEach(resource -> rule.getVerbs()
                                                .forEach(verb -> rights.add(right(verb, group, resource))))));
        return rights;
    }

    private static Stream<PolicyRule> rules(HasMetadata object) {
        return switch (object) {
            case Role role -> role.getRules().stream();
            case ClusterRole role -> role.getRules().stream();
            default -> Stream.empty();
        };
    }
}
