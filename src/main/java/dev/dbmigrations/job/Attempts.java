package dev.dbmigrations.job;

import dev.dbmigrations.api.DatabaseMigration;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Writes attempts to the cluster: the runner's ConfigMap, Jobs, and nothing else. */
public final class Attempts {

    private final KubernetesClient client;
    private final RunnerFiles files;
    private final JobBuilding building;

    public Attempts(KubernetesClient client, RunnerFiles files, PodSecurity podSecurity) {
        this.client = client;
        this.files = files;
        this.building = new JobBuilding(files.configMapName(), podSecurity);
    }

    /**
     * Makes sure that the Job of this attempt exists. Its name is the same each time, so that a second call, after an
     * answer was lost, makes no second Job.
     *
     * @param tree what it runs
     * @param leave the plan that it runs; null where it runs none
     * @return the Job, made now or before
     * @throws KubernetesClientException when the API server refuses, or when the name is taken by a Job that is not of
     *     this resource
     */
    public Job start(DatabaseMigration resource, Tree tree, RunDocument run, @Nullable Leave leave) {
        Job wanted = building.build(resource, tree, run, leave);
        try {
            return client.resource(wanted).create();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw e;
            }
            Job existing = client.resource(wanted).get();
            if (existing == null || !isOwnedBy(existing.getMetadata().getOwnerReferences(), resource)) {
                throw e;
            }
            return existing;
        }
    }

    /** Deletes a Job and its pod; one that is gone already is as good. */
    public void delete(String namespace, String job) {
        client.batch()
                .v1()
                .jobs()
                .inNamespace(namespace)
                .withName(job)
                .withPropagationPolicy(DeletionPropagation.BACKGROUND)
                .delete();
    }

    /**
     * Deletes a Job of which no container has started, by the API server's own word.
     *
     * @return whether that was so; otherwise the Job is left alone
     */
    public boolean deleteUnstarted(String namespace, String job) {
        boolean started = pods(namespace, job).stream().anyMatch(AttemptReading::hasStarted);
        if (!started) {
            delete(namespace, job);
        }
        return !started;
    }

    /**
     * Whether the API server itself knows no other Job of the resource than the caches do: an attempt is never started
     * on a cache's word alone.
     *
     * @param known names of the resource's Jobs in the cache
     */
    public boolean areAll(DatabaseMigration resource, Set<String> known) {
        return client
                .batch()
                .v1()
                .jobs()
                .inNamespace(resource.getMetadata().getNamespace())
                .withLabel(Labels.UID, resource.getMetadata().getUid())
                .list()
                .getItems()
                .stream()
                .filter(job -> isOwnedBy(job.getMetadata().getOwnerReferences(), resource))
                .filter(job -> AttemptReading.read(job, List.of()).isPresent())
                .allMatch(job -> known.contains(job.getMetadata().getName()));
    }

    /** {@return the resource's Job of that name, asked of the API server itself} */
    public Optional<Job> get(DatabaseMigration resource, String job) {
        return Optional.ofNullable(client.batch()
                        .v1()
                        .jobs()
                        .inNamespace(resource.getMetadata().getNamespace())
                        .withName(job)
                        .get())
                .filter(found -> isOwnedBy(found.getMetadata().getOwnerReferences(), resource));
    }

    /**
     * {@return what the attempt's container has printed, for the caller to close; empty where there is nobody to ask any
     * more}
     */
    public Optional<InputStream> log(DatabaseMigration resource, String job) {
        String namespace = resource.getMetadata().getNamespace();
        return pods(namespace, job).stream()
                .findFirst()
                .flatMap(pod -> Optional.ofNullable(client.pods()
                        .resource(pod)
                        .inContainer(JobBuilding.CONTAINER)
                        .getLogInputStream()));
    }

    /** {@return the Job's pods, asked of the API server itself} */
    public List<Pod> pods(String namespace, String job) {
        return client.pods()
                .inNamespace(namespace)
                .withLabel(Labels.JOB, job)
                .list()
                .getItems();
    }

    /** {@return what the cluster last said against making this Job's pod, by the Job's events} */
    public Optional<String> rejection(Job job) {
        return client
                .v1()
                .events()
                .inNamespace(job.getMetadata().getNamespace())
                .withField("involvedObject.uid", job.getMetadata().getUid())
                .withField("reason", "FailedCreate")
                .list()
                .getItems()
                .stream()
                .max(Comparator.comparing(
                        event -> Optional.ofNullable(event.getLastTimestamp()).orElse("")))
                .map(event -> event.getMessage().strip().replaceAll("\\s+", " "));
    }

    /**
     * Makes sure that the runner's files are there: one ConfigMap in a namespace, with each resource that uses it as an
     * owner. It goes when the last one goes.
     *
     * @throws KubernetesClientException when the API server refuses
     */
    public void ensureRunnerFiles(DatabaseMigration resource) {
        OwnerReference owner = new OwnerReferenceBuilder(JobBuilding.owner(resource, false))
                .withController(null)
                .withBlockOwnerDeletion(null)
                .build();
        ConfigMap wanted = files.configMap(resource.getMetadata().getNamespace(), owner);
        ConfigMap existing = client.resource(wanted).get();
        if (existing == null) {
            try {
                client.resource(wanted).create();
                return;
            } catch (KubernetesClientException e) {
                if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                    throw e;
                }
                existing = client.resource(wanted).get();
            }
        }
        if (existing != null && !isOwnedBy(existing.getMetadata().getOwnerReferences(), resource)) {
            addOwner(existing, owner);
        }
    }

    private void addOwner(ConfigMap existing, OwnerReference owner) {
        boolean first = existing.getMetadata().getOwnerReferences().isEmpty();
        Object change = first
                ? Map.of("op", "add", "path", "/metadata/ownerReferences", "value", List.of(owner))
                : Map.of("op", "add", "path", "/metadata/ownerReferences/-", "value", owner);
        client.resource(existing).patch(PatchContext.of(PatchType.JSON), Serialization.asJson(List.of(change)));
    }

    static boolean isOwnedBy(List<OwnerReference> owners, DatabaseMigration resource) {
        return owners.stream().anyMatch(owner -> resource.getMetadata().getUid().equals(owner.getUid()));
    }
}
