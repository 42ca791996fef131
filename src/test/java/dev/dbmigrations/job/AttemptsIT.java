package dev.dbmigrations.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.testing.Cluster;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Writing attempts to a real API server, once, whatever was written before. */
@NullMarked
class AttemptsIT {

    private static final String NAMESPACE = "attempts";
    private static final Cluster cluster = Cluster.withoutOperator();
    private static final KubernetesClient client = cluster.client();
    private static final RunnerFiles files = RunnerFiles.fromClassPath();

    private final Attempts attempts = new Attempts(client, files, PodSecurity.DEFAULT);

    @BeforeAll
    static void install() {
        cluster.kubectl("apply", "-f", cluster.give(Path.of("crds/databasemigrations.yaml")));
        cluster.kubectl("wait", "--for=condition=Established", "crd/databasemigrations.dbmigrations.dev");
        client.namespaces()
                .resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(NAMESPACE)
                        .addToLabels("pod-security.kubernetes.io/enforce", "restricted")
                        .endMetadata()
                        .build())
                .serverSideApply();
    }

    @AfterAll
    static void remove() {
        client.namespaces().withName(NAMESPACE).delete();
    }

    /** A resource whose pods are never scheduled: what is tried here is what the operator writes. */
    private static DatabaseMigration stored(String name) {
        return stored(name, "registry.example.com/none:1");
    }

    private static DatabaseMigration stored(String name, String image) {
        DatabaseMigration resource = new DatabaseMigration();
        resource.setMetadata(
                new ObjectMetaBuilder().withName(name).withNamespace(NAMESPACE).build());
        resource.setSpec(DatabaseMigrationSpec.of("a1", image, "db"));
        return client.resource(resource).create();
    }

    private List<Job> jobsOf(DatabaseMigration resource) {
        return client.batch()
                .v1()
                .jobs()
                .inNamespace(NAMESPACE)
                .withLabel(Labels.UID, resource.getMetadata().getUid())
                .list()
                .getItems();
    }

    @Test
    void theSameAttemptStartedTwiceIsOneJob() {
        DatabaseMigration resource = stored("twice");
        Job first = attempts.start(resource, Tree.of(resource.getSpec()), Examples.run(resource, 1), null);
        Job second = attempts.start(resource, Tree.of(resource.getSpec()), Examples.run(resource, 1), null);
        assertThat(second.getMetadata().getUid()).isEqualTo(first.getMetadata().getUid());
        assertThat(jobsOf(resource)).hasSize(1);
    }

    @Test
    void aJobOfSomebodyElseUnderTheSameNameIsAnError() {
        DatabaseMigration resource = stored("taken");
        RunDocument run = Examples.run(resource, 1);
        Job theirs = new JobBuilder(new JobBuilding(files.configMapName(), PodSecurity.DEFAULT)
                        .build(resource, Tree.of(resource.getSpec()), run, null))
                .editMetadata()
                .withOwnerReferences()
                .endMetadata()
                .build();
        client.resource(theirs).create();
        assertThatThrownBy(() -> attempts.start(resource, Tree.of(resource.getSpec()), run, null))
                .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        refused -> assertThat(refused.getCode()).isEqualTo(409));
    }

    @Test
    void theRunnersFilesAreThereOnceWithEachResourceAsAnOwner() {
        DatabaseMigration one = stored("first-owner");
        DatabaseMigration other = stored("second-owner");
        attempts.ensureRunnerFiles(one);
        attempts.ensureRunnerFiles(other);
        attempts.ensureRunnerFiles(other);
        ConfigMap map = client.configMaps()
                .inNamespace(NAMESPACE)
                .withName(files.configMapName())
                .get();
        assertThat(map.getMetadata().getOwnerReferences())
                .extracting(OwnerReference::getUid)
                .contains(one.getMetadata().getUid(), other.getMetadata().getUid())
                .doesNotHaveDuplicates();
        assertThat(map.getData()).isEqualTo(files.byName());
    }

    @Test
    void aJobThatIsGoneIsAsGoodAsDeleted() {
        DatabaseMigration resource = stored("deleted");
        String job = attempts.start(resource, Tree.of(resource.getSpec()), Examples.run(resource, 1), null)
                .getMetadata()
                .getName();
        assertThat(attempts.get(resource, job)).isPresent();
        attempts.delete(NAMESPACE, job);
        await().atMost(Duration.ofSeconds(30))
                .until(() -> attempts.get(resource, job).isEmpty());
        attempts.delete(NAMESPACE, job);
    }

    @Test
    void deletesAJobOnlyWhileNoContainerOfItHasStarted() {
        cluster.importImage("alpine:3.17");
        DatabaseMigration waits = stored("waits", "registry.example.com/none:1");
        String unstarted = attempts.start(waits, Tree.of(waits.getSpec()), Examples.run(waits, 1), null)
                .getMetadata()
                .getName();
        assertThat(attempts.deleteUnstarted(NAMESPACE, unstarted)).isTrue();
        await().atMost(Duration.ofSeconds(30))
                .until(() -> attempts.get(waits, unstarted).isEmpty());

        client.resource(new SecretBuilder()
                        .withNewMetadata()
                        .withName("db")
                        .withNamespace(NAMESPACE)
                        .endMetadata()
                        .build())
                .create();
        // It has no Python: its container starts to fail at once.
        DatabaseMigration starts = stored("starts", "alpine:3.17");
        attempts.ensureRunnerFiles(starts);
        String started = attempts.start(starts, Tree.of(starts.getSpec()), Examples.run(starts, 1), null)
                .getMetadata()
                .getName();
        await().atMost(Duration.ofSeconds(60))
                .until(() -> attempts.get(starts, started)
                        .filter(job -> job.getStatus().getFailed() != null)
                        .isPresent());
        assertThat(attempts.deleteUnstarted(NAMESPACE, started)).isFalse();
        assertThat(attempts.get(starts, started)).isPresent();
    }

    @Test
    void nothingIsStartedOnACachesWordAlone() {
        DatabaseMigration resource = stored("lagging");
        assertThat(attempts.areAll(resource, Set.of())).isTrue();
        String job = attempts.start(resource, Tree.of(resource.getSpec()), Examples.run(resource, 1), null)
                .getMetadata()
                .getName();
        assertThat(attempts.areAll(resource, Set.of()))
                .as("a Job that the cache does not show")
                .isFalse();
        assertThat(attempts.areAll(resource, Set.of(job))).isTrue();
    }

    @Test
    void aPodOfTheJobIsAcceptedWhereOnlyRestrictedOnesAre() {
        DatabaseMigration resource = stored("restricted");
        Job job = attempts.start(resource, Tree.of(resource.getSpec()), Examples.run(resource, 1), null);
        await().atMost(Duration.ofSeconds(60))
                .until(() -> !client.pods()
                        .inNamespace(NAMESPACE)
                        .withLabel(Labels.UID, resource.getMetadata().getUid())
                        .list()
                        .getItems()
                        .isEmpty());
        assertThat(attempts.rejection(job)).isEmpty();
    }
}
