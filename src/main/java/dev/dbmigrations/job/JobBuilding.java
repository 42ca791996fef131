package dev.dbmigrations.job;

import static java.util.stream.Collectors.toSet;

import dev.dbmigrations.api.AlembicSettings;
import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.api.JobSettings;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.PodSecurityContextBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import io.fabric8.kubernetes.api.model.SecurityContextBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Builds the Job of one attempt. One attempt is one pod: Kubernetes retries nothing. */
public final class JobBuilding {

    static final String CONTAINER = "runner";

    private static final String RUNNER_FOLDER = "/opt/dbmigrations/dbmigrations_runner";
    private static final String RUNNER_VOLUME = "dbmigrations-runner";
    private static final String CREDENTIALS_VOLUME = "dbmigrations-credentials";
    private static final String TMP_VOLUME = "dbmigrations-tmp";
    private static final int OWNER_AND_GROUP_READ = 0440;

    /** How much longer the pod lives than {@code spec.timeout}, so that the runner can cancel, roll back and report. */
    private static final Duration GRACE = Duration.ofSeconds(60);

    private final String runnerConfigMap;
    private final PodSecurity podSecurity;

    public JobBuilding(String runnerConfigMap, PodSecurity podSecurity) {
        this.runnerConfigMap = runnerConfigMap;
        this.podSecurity = podSecurity;
    }

    /**
     * {@return the Job that runs this document with this tree for this resource}
     *
     * @param leave the plan that it runs; null where it runs none
     */
    public Job build(DatabaseMigration resource, Tree tree, RunDocument run, @Nullable Leave leave) {
        long generation = resource.getMetadata().getGeneration();
        Map<String, String> ours = Map.of(
                Labels.MANAGED_BY, Labels.MANAGED_BY_US,
                Labels.UID, run.uid(),
                Labels.ATTEMPT, Integer.toString(run.attempt()),
                Labels.GENERATION, Long.toString(generation));
        Map<String, String> annotations = Map.of(
                Labels.NAME,
                resource.getMetadata().getName(),
                // A migration is not to be moved for the sake of a tidier cluster.
                "cluster-autoscaler.kubernetes.io/safe-to-evict",
                "false");
        JobSettings settings = resource.getSpec().job();
        return new JobBuilder()
                .withNewMetadata()
                .withName(AttemptName.of(resource.getMetadata().getName(), run.uid(), generation, run.attempt()))
                .withNamespace(resource.getMetadata().getNamespace())
                .withLabels(ours)
                .withAnnotations(over(annotations(leave), annotations))
                .withOwnerReferences(owner(resource, true))
                .endMetadata()
                .withNewSpec()
                .withBackoffLimit(0)
                .withPodReplacementPolicy("Failed")
                .withNewTemplate()
                .withNewMetadata()
                .withLabels(over(settings.labels(), ours))
                .withAnnotations(over(settings.annotations(), annotations))
                .endMetadata()
                .withSpec(pod(resource.getSpec(), tree, run))
                .endTemplate()
                .endSpec()
                .build();
    }

    private static Map<String, String> annotations(@Nullable Leave leave) {
        if (leave == null) {
            return Map.of();
        }
        return leave.approvedBy() == null
                ? Map.of(Labels.PLAN, leave.plan())
                : Map.of(Labels.PLAN, leave.plan(), Labels.APPROVED_BY, leave.approvedBy());
    }

    /** {@return the reference that makes the cluster delete the owned object with the resource} */
    static OwnerReference owner(DatabaseMigration resource, boolean controller) {
        return new OwnerReferenceBuilder()
                .withApiVersion(resource.getApiVersion())
                .withKind(resource.getKind())
                .withName(resource.getMetadata().getName())
                .withUid(resource.getMetadata().getUid())
                .withController(controller)
                .withBlockOwnerDeletion(false)
                .build();
    }

    private PodSpec pod(DatabaseMigrationSpec spec, Tree tree, RunDocument run) {
        JobSettings settings = spec.job();
        return new PodSpecBuilder()
                .withRestartPolicy("Never")
                .withAutomountServiceAccountToken(false)
                .withEnableServiceLinks(false)
                .withServiceAccountName(settings.serviceAccountName())
                .withPriorityClassName(settings.priorityClassName())
                .withNodeSelector(settings.nodeSelector())
                .withTolerations(settings.tolerations())
                .withAffinity(settings.affinity())
                .withImagePullSecrets(settings.imagePullSecrets())
                .withSecurityContext(podSecurityContext(settings))
                .withActiveDeadlineSeconds(deadlineSeconds(run.timeoutSeconds()))
                .withContainers(container(settings, tree, run))
                .withVolumes(volumes(spec))
                .build();
    }

    /** The runner keeps its time-out itself; this only backs it where the runner hangs. */
    private static @Nullable Long deadlineSeconds(@Nullable Double timeout) {
        return timeout == null
                ? null
                : Math.round(timeout) + RunDocument.LOCK_WAIT.plus(GRACE).toSeconds();
    }

    private PodSecurityContext podSecurityContext(JobSettings settings) {
        Long user = podSecurity.user().orElse(null);
        return new PodSecurityContextBuilder()
                .withRunAsNonRoot(true)
                .withRunAsUser(settings.runAsUser() != null ? settings.runAsUser() : user)
                .withRunAsGroup(settings.runAsGroup() != null ? settings.runAsGroup() : user)
                .withFsGroup(settings.fsGroup() != null ? settings.fsGroup() : user)
                .withFsGroupChangePolicy("OnRootMismatch")
                .withNewSeccompProfile()
                .withType("RuntimeDefault")
                .endSeccompProfile()
                .build();
    }

    private static Container container(JobSettings settings, Tree tree, RunDocument run) {
        AlembicSettings alembic = tree.alembic();
        return new ContainerBuilder()
                .withName(CONTAINER)
                .withImage(tree.image())
                .withImagePullPolicy(tree.isOnNodesOnly() ? "Never" : settings.imagePullPolicy())
                .withCommand(alembic.python(), RUNNER_FOLDER)
                .withWorkingDir(alembic.workingDir())
                .withEnv(environment(settings.env(), run))
                .withEnvFrom(settings.envFrom())
                .withResources(settings.resources() == null ? MODEST : settings.resources())
                .withVolumeMounts(mounts(settings.volumeMounts()))
                .withTerminationMessagePath(RunDocument.TERMINATION_MESSAGE_PATH)
                .withTerminationMessagePolicy("File")
                .withSecurityContext(new SecurityContextBuilder()
                        .withAllowPrivilegeEscalation(false)
                        .withReadOnlyRootFilesystem(!Boolean.FALSE.equals(settings.readOnlyRootFilesystem()))
                        .withNewCapabilities()
                        .withDrop("ALL")
                        .endCapabilities()
                        .build())
                .build();
    }

    /** Room for Alembic, SQLAlchemy and an application's models; no limit on the processor, which only slows a run. */
    private static final ResourceRequirements MODEST = new ResourceRequirementsBuilder()
            .addToRequests("cpu", new Quantity("50m"))
            .addToRequests("memory", new Quantity("128Mi"))
            .addToLimits("memory", new Quantity("512Mi"))
            .build();

    private static List<EnvVar> environment(List<EnvVar> given, RunDocument run) {
        List<EnvVar> ours = List.of(
                variable("PYTHONUNBUFFERED", "1"),
                variable("PYTHONDONTWRITEBYTECODE", "1"),
                variable(RunDocument.VARIABLE, run.toEnvironment()));
        Set<String> names = ours.stream().map(EnvVar::getName).collect(toSet());
        List<EnvVar> all = new ArrayList<>(List.of(variable("HOME", "/tmp")));
        given.stream().filter(variable -> !names.contains(variable.getName())).forEach(all::add);
        all.addAll(ours);
        return all;
    }

    private static EnvVar variable(String name, String value) {
        return new EnvVarBuilder().withName(name).withValue(value).build();
    }

    private static List<VolumeMount> mounts(List<VolumeMount> theirs) {
        List<VolumeMount> all = new ArrayList<>(List.of(
                mount(RUNNER_VOLUME, RUNNER_FOLDER, true),
                mount(CREDENTIALS_VOLUME, RunDocument.CREDENTIALS_DIRECTORY, true)));
        if (theirs.stream().noneMatch(mount -> "/tmp".equals(mount.getMountPath()))) {
            all.add(mount(TMP_VOLUME, "/tmp", false));
        }
        all.addAll(theirs);
        return all;
    }

    private static VolumeMount mount(String volume, String path, boolean readOnly) {
        return new VolumeMountBuilder()
                .withName(volume)
                .withMountPath(path)
                .withReadOnly(readOnly ? true : null)
                .build();
    }

    private List<Volume> volumes(DatabaseMigrationSpec spec) {
        List<Volume> all = new ArrayList<>(List.of(
                new VolumeBuilder()
                        .withName(RUNNER_VOLUME)
                        .withNewConfigMap()
                        .withName(runnerConfigMap)
                        .endConfigMap()
                        .build(),
                new VolumeBuilder()
                        .withName(CREDENTIALS_VOLUME)
                        .withNewSecret()
                        .withSecretName(spec.credentialsSecretRef().name())
                        .withDefaultMode(OWNER_AND_GROUP_READ)
                        .endSecret()
                        .build(),
                new VolumeBuilder()
                        .withName(TMP_VOLUME)
                        .withNewEmptyDir()
                        .endEmptyDir()
                        .build()));
        all.addAll(spec.job().volumes());
        return all;
    }

    private static Map<String, String> over(Map<String, String> theirs, Map<String, String> ours) {
        Map<String, String> all = new HashMap<>(theirs);
        all.putAll(ours);
        return all;
    }
}
