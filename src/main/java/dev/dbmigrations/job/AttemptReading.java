package dev.dbmigrations.job;

import static java.util.Comparator.comparing;

import dev.dbmigrations.api.AlembicSettings;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.job.RunDocument.Downgrade;
import dev.dbmigrations.job.SeenAttempt.Asked;
import dev.dbmigrations.job.SeenAttempt.Died;
import dev.dbmigrations.job.SeenAttempt.Ended;
import dev.dbmigrations.job.SeenAttempt.Kind;
import dev.dbmigrations.job.SeenAttempt.NoPod;
import dev.dbmigrations.job.SeenAttempt.Running;
import dev.dbmigrations.job.SeenAttempt.State;
import dev.dbmigrations.job.SeenAttempt.Waiting;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStateWaiting;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads where an attempt stands from its Job and its pod. The pod's terminated container is believed before the Job's
 * own condition, which follows seconds later.
 */
public final class AttemptReading {

    static final String OUT_OF_MEMORY = "the run was out of memory; raise spec.job.resources.limits.memory";

    private static final int KILLED = 137;
    private static final int TERMINATED = 143;

    /** Waiting for these is the normal course of a pod. */
    private static final Set<String> NORMAL_WAITING = Set.of("ContainerCreating", "PodInitializing");

    private AttemptReading() {}

    /**
     * {@return the attempt that this Job is; empty where its labels are not ours}
     *
     * @param pods pods of this Job, or of others
     */
    public static Optional<SeenAttempt> read(Job job, Collection<Pod> pods) {
        Map<String, String> labels = orEmpty(job.getMetadata().getLabels());
        Optional<Integer> number = number(labels.get(Labels.ATTEMPT)).map(Long::intValue);
        Optional<Long> generation = number(labels.get(Labels.GENERATION));
        if (number.isEmpty() || generation.isEmpty()) {
            return Optional.empty();
        }
        // Of several, which there should not be, the one that may still run.
        Optional<Pod> pod = pods.stream().filter(p -> isOf(p, job)).min(comparing(p -> isOver(state(p))));
        return Optional.of(new SeenAttempt(
                job.getMetadata().getName(),
                number.get(),
                generation.get(),
                asked(job),
                createdAt(job),
                pod.flatMap(AttemptReading::container)
                        .map(ContainerStatus::getImageID)
                        .filter(id -> !id.isEmpty())
                        .orElse(null),
                pod.map(AttemptReading::state).orElseGet(() -> withoutPod(job))));
    }

    /** {@return where the pod stands that a deleted Job has left behind: until it ends, nobody else may start} */
    public static Optional<State> withoutJob(String job, Collection<Pod> pods) {
        return pods.stream()
                .filter(pod -> pod.getStatus() != null
                        && job.equals(orEmpty(pod.getMetadata().getLabels()).get(Labels.JOB)))
                .findFirst()
                .map(AttemptReading::state);
    }

    /** {@return whether the pod's container has started, or is over} */
    static boolean hasStarted(Pod pod) {
        return pod.getStatus() != null && !(state(pod) instanceof Waiting);
    }

    /** {@return what the Job was asked, by its own run document} */
    private static Asked asked(Job job) {
        Optional<Container> container = job.getSpec().getTemplate().getSpec().getContainers().stream()
                .filter(c -> JobBuilding.CONTAINER.equals(c.getName()))
                .findFirst();
        Optional<RunDocument> run = container.stream()
                .flatMap(c -> c.getEnv().stream())
                .filter(variable -> RunDocument.VARIABLE.equals(variable.getName()) && variable.getValue() != null)
                .findFirst()
                .flatMap(variable -> RunDocument.ofEnvironment(variable.getValue()));
        if (run.isEmpty()) {
            return new Asked(Kind.Apply, "", "", AlembicSettings.DEFAULT, List.of(), false, false, null);
        }
        RunDocument document = run.get();
        RunDocument.Alembic alembic = document.alembic();
        return new Asked(
                document.kind(),
                document.target(),
                document.image(),
                new AlembicSettings(
                        alembic.config(),
                        container.get().getWorkingDir(),
                        alembic.section(),
                        container.get().getCommand().getFirst(),
                        alembic.versionTable(),
                        alembic.versionTableSchema(),
                        alembic.arguments()),
                document.expected().revisions(),
                document.downgrade() == Downgrade.Allowed,
                document.rollbackTo() != null,
                leave(job));
    }

    private static @Nullable Leave leave(Job job) {
        Map<String, String> annotations = orEmpty(job.getMetadata().getAnnotations());
        String plan = annotations.get(Labels.PLAN);
        return plan == null ? null : new Leave(plan, annotations.get(Labels.APPROVED_BY));
    }

    private static State state(Pod pod) {
        Optional<ContainerState> container = container(pod).map(ContainerStatus::getState);
        Optional<ContainerStateTerminated> terminated = container.map(ContainerState::getTerminated);
        if (terminated.isPresent()) {
            return ended(terminated.get());
        }
        if ("Failed".equals(pod.getStatus().getPhase())) {
            return new Died(Reason.Interrupted, lost(pod), true);
        }
        if (container.map(ContainerState::getRunning).isPresent()) {
            return new Running(NodeSilence.of(pod));
        }
        return new Waiting(container
                .map(ContainerState::getWaiting)
                .flatMap(AttemptReading::trouble)
                .or(() -> unschedulable(pod))
                .orElse(null));
    }

    private static State ended(ContainerStateTerminated terminated) {
        Optional<RunResult> result = RunResult.parse(terminated.getMessage());
        if (result.isPresent() && result.get().told()) {
            return new Ended(result.get());
        }
        int status = terminated.getExitCode() == null ? -1 : terminated.getExitCode();
        Optional<Died> notStarted = NotStarted.read(terminated);
        if (notStarted.isPresent()) {
            return notStarted.get();
        }
        Optional<RunResult.Partial> left = result.map(RunResult::partial);
        if (left.isPresent()) {
            return new Died(
                    Reason.PartiallyApplied,
                    "the run was killed when a part of it was committed already: "
                            + left.get().words()
                            + "; look at what is there, mend it, then set the annotation dbmigrations.dev/retry",
                    true);
        }
        if ("OOMKilled".equals(terminated.getReason())) {
            return new Died(Reason.Interrupted, OUT_OF_MEMORY, true);
        }
        if (result.isPresent() || status == KILLED || status == TERMINATED) {
            return new Died(Reason.Interrupted, "the run was killed (exit status " + status + ")", true);
        }
        return new Died(
                Reason.EnvironmentFailed,
                "the run ended with exit status " + status + " and no result; the pod's log says more",
                true);
    }

    private static boolean isOver(State state) {
        return state instanceof Ended || state instanceof Died;
    }

    private static String lost(Pod pod) {
        String reason = pod.getStatus().getReason();
        String message = pod.getStatus().getMessage();
        return "the pod was lost"
                + (reason == null ? "" : " (" + reason + ")")
                + (message == null || message.isBlank() ? "" : ": " + sentence(message));
    }

    /** A Job without a pod: not yet, or no more. */
    private static State withoutPod(Job job) {
        List<JobCondition> conditions =
                job.getStatus() == null ? List.of() : job.getStatus().getConditions();
        boolean failed =
                conditions.stream().anyMatch(c -> "Failed".equals(c.getType()) && "True".equals(c.getStatus()));
        boolean complete =
                conditions.stream().anyMatch(c -> "Complete".equals(c.getType()) && "True".equals(c.getStatus()));
        return failed || complete
                ? new Died(Reason.Interrupted, "the pod is gone, and its result with it", true)
                : new NoPod();
    }

    private static Optional<String> trouble(ContainerStateWaiting waiting) {
        String reason = waiting.getReason();
        if (reason == null || NORMAL_WAITING.contains(reason)) {
            return Optional.empty();
        }
        String message = waiting.getMessage();
        return Optional.of(message == null || message.isBlank() ? reason : reason + ": " + sentence(message));
    }

    private static Optional<String> unschedulable(Pod pod) {
        return pod.getStatus().getConditions().stream()
                .filter(c -> "PodScheduled".equals(c.getType()) && "False".equals(c.getStatus()))
                .map(PodCondition::getMessage)
                .filter(message -> message != null && !message.isBlank())
                .map(message -> "Unschedulable: " + sentence(message))
                .findFirst();
    }

    private static Optional<ContainerStatus> container(Pod pod) {
        return pod.getStatus() == null
                ? Optional.empty()
                : pod.getStatus().getContainerStatuses().stream()
                        .filter(status -> JobBuilding.CONTAINER.equals(status.getName()))
                        .findFirst();
    }

    private static boolean isOf(Pod pod, Job job) {
        return pod.getStatus() != null
                && pod.getMetadata().getOwnerReferences().stream()
                        .anyMatch(owner -> job.getMetadata().getUid().equals(owner.getUid()));
    }

    private static Instant createdAt(Job job) {
        String text = job.getMetadata().getCreationTimestamp();
        return text == null ? Instant.EPOCH : Instant.parse(text);
    }

    private static Optional<Long> number(@Nullable String text) {
        try {
            return text == null ? Optional.empty() : Optional.of(Long.parseLong(text));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** {@return the text in one line, without the end that would double ours} */
    static String sentence(@Nullable String text) {
        return text == null
                ? "no reason given"
                : text.strip().replaceAll("\\s+", " ").replaceAll("[.;]$", "");
    }

    private static Map<String, String> orEmpty(@Nullable Map<String, String> map) {
        return map == null ? Map.of() : map;
    }
}
