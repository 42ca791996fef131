package dev.dbmigrations.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.dbmigrations.api.Reason;
import dev.dbmigrations.job.RunResult.Outcome;
import dev.dbmigrations.job.SeenAttempt.Died;
import dev.dbmigrations.job.SeenAttempt.Ended;
import dev.dbmigrations.job.SeenAttempt.NoPod;
import dev.dbmigrations.job.SeenAttempt.Running;
import dev.dbmigrations.job.SeenAttempt.State;
import dev.dbmigrations.job.SeenAttempt.Unheard;
import dev.dbmigrations.job.SeenAttempt.Waiting;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where an attempt stands, by everything that a cluster can show of it. */
@NullMarked
class AttemptReadingTest {

    private static final KubernetesSerialization YAML = new KubernetesSerialization();

    private final Job job = new JobBuilder(Examples.job("every-setting"))
            .editMetadata()
            .withUid("job-1")
            .withCreationTimestamp("2026-11-01T12:00:00Z")
            .endMetadata()
            .build();

    private static Pod pod(String owner, String status) {
        return YAML.unmarshal("""
                metadata:
                  name: shop
                  ownerReferences: [{apiVersion: batch/v1, kind: Job, name: shop, uid: %s}]
                status: %s
                """.formatted(owner, status), Pod.class);
    }

    private static String container(String state) {
        return "{phase: Running, containerStatuses: [{name: runner, imageID: img@sha256:1, state: %s}]}"
                .formatted(state);
    }

    private SeenAttempt read(Pod... pods) {
        return AttemptReading.read(job, List.of(pods)).orElseThrow();
    }

    private State state(String podStatus) {
        return read(pod("job-1", podStatus)).state();
    }

    private static Died died(State state, Reason reason, boolean started) {
        assertThat(state).isInstanceOf(Died.class);
        assertThat((Died) state).returns(reason, Died::reason).returns(started, Died::started);
        return (Died) state;
    }

    @Test
    void knowsWhatItWasAskedFromItsOwnJob() {
        SeenAttempt attempt = read();
        assertThat(attempt.number()).isEqualTo(3);
        assertThat(attempt.generation()).isEqualTo(7);
        assertThat(attempt.createdAt()).isEqualTo("2026-11-01T12:00:00Z");
        assertThat(attempt.asked().target()).isEqualTo("head");
        assertThat(attempt.asked().image()).isEqualTo("registry.example.com/shop-migrations:2.0.0");
        assertThat(attempt.asked().expected()).containsExactly("a1");
        assertThat(attempt.asked().mayDowngrade()).isFalse();
        assertThat(attempt.asked().alembic())
                .isEqualTo(Examples.resource("every-setting").getSpec().alembic());
    }

    @Test
    void aJobWithoutOurLabelsIsNoAttempt() {
        Job other = new JobBuilder(job)
                .editMetadata()
                .withLabels(Map.of(Labels.ATTEMPT, "three", Labels.GENERATION, "1"))
                .endMetadata()
                .build();
        assertThat(AttemptReading.read(other, List.of())).isEmpty();
    }

    @Test
    void aJobOfAnotherVersionIsAnAttemptOfWhichLessIsKnown() {
        Job other = new JobBuilder(job)
                .editSpec()
                .editTemplate()
                .editSpec()
                .editFirstContainer()
                .withEnv()
                .endContainer()
                .endSpec()
                .endTemplate()
                .endSpec()
                .build();
        assertThat(AttemptReading.read(other, List.of()).orElseThrow().asked().target())
                .isEmpty();
    }

    @Test
    void hasNoPodYet() {
        assertThat(read().state()).isInstanceOf(NoPod.class);
        assertThat(read(pod("another-job", container("{running: {}}"))).state()).isInstanceOf(NoPod.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{phase: Pending}",
                "{phase: Pending, conditions: [{type: PodScheduled, status: 'True'}]}",
                "{phase: Pending, containerStatuses: [{name: runner, state: {waiting: {reason: ContainerCreating}}}]}",
                "{phase: Pending, containerStatuses: [{name: runner, state: {waiting: {reason: PodInitializing}}}]}",
                "{phase: Pending, containerStatuses: [{name: runner, state: {}}]}",
                "{phase: Running, containerStatuses: [{name: istio-proxy, state: {running: {}}}]}",
            })
    void waitsInTheNormalCourseOfAPod(String status) {
        assertThat(state(status)).isEqualTo(new Waiting(null));
    }

    @Test
    void saysWhyItCannotBeScheduled() {
        assertThat(state("""
                {phase: Pending, conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable,
                 message: '0/3 nodes are available: 3 Insufficient memory.'}]}""")).isEqualTo(new Waiting("Unschedulable: 0/3 nodes are available: 3 Insufficient memory"));
    }

    @Test
    void aNodeThatDoesNotSayThatAPodHasEndedIsSilent() {
        Pod pod = running("[{type: Ready, status: 'True'}, {type: ContainersReady, status: 'True'}]");
        assertThat(read(pod).state()).isEqualTo(new Running());

        pod.getMetadata().setDeletionTimestamp("2026-11-01T12:01:00Z");
        assertThat(read(pod).state())
                .isEqualTo(new Running(new Unheard("shop", "node-2", Instant.parse("2026-11-01T12:01:00Z"))));
    }

    @Test
    void aNodeThatTheClusterHasGivenUpIsSilent() {
        String ready = "{type: Ready, status: 'False', lastTransitionTime: '2026-11-01T12:02:00Z'}";
        assertThat(read(running("[%s, {type: ContainersReady, status: 'True'}]".formatted(ready)))
                        .state())
                .isEqualTo(new Running(new Unheard("shop", "node-2", Instant.parse("2026-11-01T12:02:00Z"))));
        assertThat(read(running("[%s, {type: ContainersReady, status: 'False'}]".formatted(ready)))
                        .state())
                .as("a sidecar that is not ready")
                .isEqualTo(new Running());
    }

    private static Pod running(String conditions) {
        Pod pod = pod("job-1", """
                {phase: Running, containerStatuses: [{name: runner, state: {running: {}}}], conditions: %s}
                """.formatted(conditions));
        pod.setSpec(new PodSpecBuilder().withNodeName("node-2").build());
        return pod;
    }

    @ParameterizedTest
    @CsvSource({"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "CreateContainerConfigError"})
    void saysWhyItsContainerDoesNotStart(String reason) {
        assertThat(state(container("{waiting: {reason: %s, message: \"no such\\n thing\"}}".formatted(reason))))
                .isEqualTo(new Waiting(reason + ": no such thing"));
        assertThat(state(container("{waiting: {reason: %s}}".formatted(reason))))
                .isEqualTo(new Waiting(reason));
    }

    @Test
    void runs() {
        SeenAttempt attempt = read(pod("job-1", container("{running: {}}")));
        assertThat(attempt.state()).isInstanceOf(Running.class);
        assertThat(attempt.imageDigest()).isEqualTo("img@sha256:1");
    }

    private State terminated(String fields, String message) {
        Pod pod = pod("job-1", container("{terminated: {%s}}".formatted(fields)));
        PodStatus status = pod.getStatus();
        ContainerState state = status.getContainerStatuses().getFirst().getState();
        state.getTerminated().setMessage(message);
        return read(pod).state();
    }

    @Test
    void endsWithWhatTheRunnerSays() {
        assertThat(terminated("exitCode: 0", "{\"outcome\": \"Succeeded\", \"final\": true}"))
                .asInstanceOf(type(Ended.class))
                .returns(Outcome.Succeeded, ended -> ended.result().outcome());
        assertThat(terminated("exitCode: 1, reason: Error", "{\"outcome\": \"Failed\"}"))
                .isInstanceOf(Ended.class);
    }

    @ParameterizedTest
    @CsvSource({"137, Error", "143, Error", "137, ContainerStatusUnknown"})
    void isKilled(int status, String reason) {
        died(terminated("exitCode: %d, reason: %s".formatted(status, reason), ""), Reason.Interrupted, true);
    }

    @Test
    void isKilledAfterTheDocumentWrittenAhead() {
        died(
                terminated("exitCode: 1, reason: Error", "{\"outcome\": \"Failed\", \"final\": false}"),
                Reason.Interrupted,
                true);
    }

    @Test
    void diesWithAPartOfAStepCommitted() {
        String ahead = "{\"outcome\": \"Failed\", \"final\": false, \"partial\": {\"revisions\": [\"b2\"],"
                + " \"committed\": [\"UPDATE a SET b = 1\", \"DROP TABLE c\"]}}";
        assertThat(died(terminated("exitCode: 137, reason: OOMKilled", ahead), Reason.PartiallyApplied, true)
                        .message())
                .contains("b2, beginning with `UPDATE a SET b = 1`;", "dbmigrations.dev/retry");
    }

    @Test
    void runsOutOfMemory() {
        assertThat(died(terminated("exitCode: 137, reason: OOMKilled", ""), Reason.Interrupted, true)
                        .message())
                .contains("spec.job.resources.limits.memory");
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "2"})
    void endsWithoutAResult(int status) {
        assertThat(died(terminated("exitCode: " + status, ""), Reason.EnvironmentFailed, true)
                        .message())
                .contains("exit status " + status);
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "StartError, `runc create failed: unable to start container process: exec: \"python3\": executable file not"
                        + " found in $PATH: unknown`",
                "ContainerCannotRun, `exec: \"python3\": stat python3: no such file or directory`",
                "StartError, `crun: executable file 'python3' not found in $PATH: No such file or directory`",
                "StartError, `exec /usr/local/bin/python3: exec format error`",
                "StartError, `chdir to cwd (\"python3\") set in config.json failed: not a directory`"
            })
    void cannotBeStartedByTheImage(String reason, String message) {
        assertThat(died(notStarted(reason, message), Reason.ImageUnusable, false)
                        .message())
                .contains("python3")
                .contains("spec.alembic.python");
    }

    @ParameterizedTest
    @CsvSource({
        "runc create failed: unable to start container process: unable to apply cgroup configuration: no such file",
        "failed to create shim task: context deadline exceeded: unknown"
    })
    void cannotBeStartedByTheNode(String message) {
        assertThat(died(notStarted("StartError", message), Reason.Interrupted, false)
                        .message())
                .isEqualTo("the node could not start the container: " + message);
    }

    @Test
    void isTooLittleMemoryToStartWith() {
        String message = "runc create failed: unable to start container process: container init was OOM-killed"
                + " (memory limit too low?): unknown";
        assertThat(died(notStarted("StartError", message), Reason.Interrupted, false)
                        .message())
                .contains("spec.job.resources.limits.memory");
    }

    private State notStarted(String reason, String message) {
        return terminated("exitCode: 128, reason: " + reason, message);
    }

    @Test
    void isEvicted() {
        assertThat(died(
                                state("{phase: Failed, reason: Evicted, message: 'The node was low on memory.'}"),
                                Reason.Interrupted,
                                true)
                        .message())
                .contains("Evicted")
                .contains("low on memory");
    }

    @Test
    void isLostWithItsNode() {
        died(
                state("{phase: Failed, containerStatuses: [{name: runner, state: {running: {}}}]}"),
                Reason.Interrupted,
                true);
    }

    @ParameterizedTest
    @CsvSource({"Failed", "Complete"})
    void losesItsPodAndTheResultWithIt(String condition) {
        job.setStatus(YAML.unmarshal("conditions: [{type: %s, status: 'True'}]".formatted(condition), JobStatus.class));
        died(read().state(), Reason.Interrupted, true);
    }

    @Test
    void thePodThatRunsCountsBeforeTheOneThatIsOver() {
        Pod over = pod("job-1", "{phase: Failed, reason: Evicted}");
        Pod running = pod("job-1", container("{running: {}}"));
        assertThat(read(over, running).state()).isInstanceOf(Running.class);
        assertThat(read(running, over).state()).isInstanceOf(Running.class);
    }
}
