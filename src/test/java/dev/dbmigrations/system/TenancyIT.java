package dev.dbmigrations.system;

import static dev.dbmigrations.api.Reason.AwaitingApproval;
import static dev.dbmigrations.api.Reason.CredentialsNotFound;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.api.Reason;
import dev.dbmigrations.testing.Cluster;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A team tries to use what is another team's. What its manifest cannot even say is in CrdIT: the API server refuses it. */
@Execution(ExecutionMode.CONCURRENT)
class TenancyIT {

    @RegisterExtension
    final Team team = new Team();

    @RegisterExtension
    final Team other = new Team();

    @Test
    void aSecretOfAnotherNamespaceIsNotFound() {
        Database theirs = other.databaseWithSecret();

        Migration shop = team.migration(Team.tree("shop", "head"));
        shop.await(CredentialsNotFound);

        assertThat(shop.message()).contains("no Secret shop-db in namespace " + team.namespace());
        assertThat(shop.jobs()).isEmpty();
        assertThat(theirs.tables()).isEmpty();
    }

    /** The pod is the team's own, in its own namespace: there is no such thing there. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            envFrom: [{configMapRef: {name: theirs}}]                                    | WaitingForPod | configmap "theirs" not found
            envFrom: [{secretRef: {name: theirs}}]                                       | WaitingForPod | secret "theirs" not found
            serviceAccountName: theirs                                                   | PodRejected   | serviceaccount "theirs" not found
            volumes: [{name: v, persistentVolumeClaim: {claimName: theirs}}]             | WaitingForPod | persistentvolumeclaim "theirs" not found
            """)
    void whatAPodOfTheTeamNamesIsTheTeams(String job, Reason reason, String words) {
        other.secret("theirs", Map.of("password", "theirs-" + DatabaseServer.unique()));
        other.apply("""
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: theirs}
                data: {a: b}
                """);
        other.apply("""
                apiVersion: v1
                kind: ServiceAccount
                metadata: {name: theirs}
                """);
        other.apply("""
                apiVersion: v1
                kind: PersistentVolumeClaim
                metadata: {name: theirs}
                spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
                """);
        Database database = team.databaseWithSecret();

        Migration shop = team.migration(Team.tree("shop", "head", "job:\n  " + job));
        shop.await(reason, words, status -> shop.message().contains(words));

        assertThat(database.tables()).isEmpty();
    }

    @Test
    void anApprovalOfAnotherNamespaceDoesNotCount() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("plans", "p1_customers", "approval: Always\ncheckInterval: 1s"));
        String hash =
                Objects.requireNonNull(shop.await(AwaitingApproval).plan()).hash();

        other.apply("""
                apiVersion: dbmigrations.dev/v1alpha1
                kind: MigrationApproval
                metadata: {name: go}
                spec: {migration: shop, planHash: "%s", approvedBy: mallory@example.com}
                """.formatted(hash));

        await().during(Duration.ofSeconds(5))
                .atMost(Duration.ofSeconds(30))
                .until(() -> database.tables().isEmpty());
        shop.await(AwaitingApproval);
    }

    @Test
    void thePodHasNoToken() {
        team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("shop", "r1_customers"));
        shop.await(Reason.AtTarget);

        List<Pod> pods = Cluster.shared()
                .client()
                .pods()
                .inNamespace(team.namespace())
                .list()
                .getItems();
        assertThat(pods)
                .isNotEmpty()
                .allSatisfy(pod -> assertThat(pod.getSpec().getVolumes())
                        .noneMatch(volume -> volume.getProjected() != null || volume.getHostPath() != null));
    }
}
