package dev.dbmigrations.job;

import static dev.dbmigrations.job.Examples.BUILDING;
import static dev.dbmigrations.job.Examples.job;
import static dev.dbmigrations.job.Examples.resource;
import static dev.dbmigrations.job.Examples.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.dbmigrations.api.DatabaseMigration;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is asked of the cluster for one attempt. */
@NullMarked
class JobBuildingTest {

    /** The whole Job, as it goes to the API server. Written anew with {@code -Ddbmigrations.golden=write}. */
    @ParameterizedTest
    @ValueSource(strings = {"minimal", "every-setting"})
    void isTheJobOfTheExample(String example) throws IOException {
        String made = Examples.YAML.asYaml(job(example));
        if ("write".equals(System.getProperty("dbmigrations.golden"))) {
            Files.writeString(Examples.FOLDER.resolve(example + ".job.yaml"), made);
        }
        assertThat(Examples.YAML.unmarshal(made, Job.class))
                .isEqualTo(Examples.YAML.unmarshal(Examples.text(example + ".job.yaml"), Job.class));
    }

    @ParameterizedTest
    @ValueSource(strings = {"minimal", "every-setting"})
    void passesTheRestrictedPodSecurityStandard(String example) {
        PodSpec pod = pod(job(example));
        assertThat(pod.getHostNetwork()).isNull();
        assertThat(pod.getHostPID()).isNull();
        assertThat(pod.getHostIPC()).isNull();
        assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
        assertThat(pod.getSecurityContext().getRunAsUser()).isNotZero();
        assertThat(pod.getSecurityContext().getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
        assertThat(pod.getInitContainers()).isEmpty();
        var security = container(job(example)).getSecurityContext();
        assertThat(security.getAllowPrivilegeEscalation()).isFalse();
        assertThat(security.getPrivileged()).isNull();
        assertThat(security.getCapabilities().getDrop()).containsExactly("ALL");
        assertThat(security.getCapabilities().getAdd()).isEmpty();
        assertThat(pod.getVolumes()).allMatch(volume -> volume.getHostPath() == null);
        assertThat(pod.getAutomountServiceAccountToken()).isFalse();
    }

    @Test
    void leavesTheUserToThePlatformWhereTheChartSaysSo() {
        DatabaseMigration resource = resource("minimal");
        var security = pod(new JobBuilding("runner", new PodSecurity(Optional.empty()))
                        .build(resource, Tree.of(resource.getSpec()), run(resource, 1), null))
                .getSecurityContext();
        assertThat(security.getRunAsUser()).isNull();
        assertThat(security.getRunAsGroup()).isNull();
        assertThat(security.getFsGroup()).isNull();
        assertThat(security.getRunAsNonRoot()).isTrue();
    }

    @Test
    void theSecretIsAVolumeAndNoVariable() {
        PodSpec pod = pod(job("minimal"));
        assertThat(pod.getVolumes())
                .filteredOn(volume -> volume.getSecret() != null)
                .singleElement()
                .returns("trigpointing-db", volume -> volume.getSecret().getSecretName())
                .returns(0440, volume -> volume.getSecret().getDefaultMode());
        assertThat(container(job("minimal")).getEnv()).allMatch(variable -> variable.getValueFrom() == null);
    }

    @Test
    void oneAttemptIsOnePod() {
        var spec = job("minimal").getSpec();
        assertThat(spec.getBackoffLimit()).isZero();
        assertThat(spec.getPodReplacementPolicy()).isEqualTo("Failed");
        assertThat(spec.getPodFailurePolicy()).isNull();
        assertThat(spec.getActiveDeadlineSeconds())
                .as("it would delete the pod with its message")
                .isNull();
        assertThat(spec.getTemplate().getSpec().getRestartPolicy()).isEqualTo("Never");
    }

    @Test
    void theDeadlineOfThePodIsLongerThanTheTimeoutThatTheRunnerKeeps() {
        assertThat(pod(job("minimal")).getActiveDeadlineSeconds()).isNull();
        assertThat(pod(job("every-setting")).getActiveDeadlineSeconds()).isEqualTo(3600 + 60 + 60);
    }

    @Test
    void everyMountHasAVolumeAndTheirsReplacesOurTmp() {
        PodSpec pod = pod(job("every-setting"));
        var mounts = pod.getContainers().getFirst().getVolumeMounts();
        assertThat(pod.getVolumes())
                .extracting(Volume::getName)
                .doesNotHaveDuplicates()
                .containsAll(mounts.stream().map(VolumeMount::getName).toList());
        assertThat(mounts)
                .filteredOn(mount -> "/tmp".equals(mount.getMountPath()))
                .extracting(VolumeMount::getName)
                .containsExactly("scratch");
    }

    @Test
    void labelsOfOursAreNotOverridden() {
        var labels = job("every-setting").getSpec().getTemplate().getMetadata().getLabels();
        assertThat(labels).containsEntry("team", "shop").containsEntry(Labels.MANAGED_BY, Labels.MANAGED_BY_US);
    }

    @Test
    void theRunDocumentIsNotOverridden() {
        assertThat(container(job("every-setting")).getEnv())
                .filteredOn(variable -> RunDocument.VARIABLE.equals(variable.getName()))
                .singleElement()
                .returns(false, variable -> "forged".equals(variable.getValue()));
        assertThat(container(job("every-setting")).getEnv())
                .filteredOn(variable -> "HOME".equals(variable.getName()))
                .last()
                .returns("/home/app", EnvVar::getValue);
    }

    /** As the kubelet expands: {@code $$} is one dollar, {@code $(NAME)} a variable, any other dollar itself. */
    private static String expanded(String value) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < value.length(); i++) {
            boolean dollar = value.charAt(i) == '$' && i + 1 < value.length();
            if (dollar && value.charAt(i + 1) == '(') {
                i = value.indexOf(')', i);
                text.append("EXPANDED");
            } else {
                text.append(value.charAt(i));
                i += dollar && value.charAt(i + 1) == '$' ? 1 : 0;
            }
        }
        return text.toString();
    }

    @Test
    void dollarsReachTheRunnerAsTheyWereWritten() throws IOException {
        String value = container(job("every-setting")).getEnv().stream()
                .filter(variable -> RunDocument.VARIABLE.equals(variable.getName()))
                .findFirst()
                .orElseThrow()
                .getValue();
        JsonNode document = new ObjectMapper().readTree(expanded(value));
        assertThat(document.at("/alembic/arguments"))
                .extracting(JsonNode::textValue)
                .containsExactly("tenant=$(HOME)", "price=5$$", "plain=x");
    }

    @Test
    void theRunDocumentIsReadBackAsItWasWritten() {
        RunDocument document = run(resource("every-setting"), 3);
        assertThat(RunDocument.ofEnvironment(document.toEnvironment())).contains(document);
    }

    @ParameterizedTest
    @CsvSource({"minimal, 600, 720", "every-setting, 600, 720"})
    void aCheckEndsByItselfWhateverTheSpecSays(String spec, double seconds, long deadline) {
        DatabaseMigration resource = resource(spec);
        RunDocument check = run(resource, 4).checking();

        assertThat(check.kind()).isEqualTo(SeenAttempt.Kind.Check);
        assertThat(check.timeoutSeconds()).isEqualTo(seconds);
        Job job = BUILDING.build(resource, Tree.of(resource.getSpec()), check, null);
        assertThat(pod(job).getActiveDeadlineSeconds()).isEqualTo(deadline);
        assertThat(AttemptReading.read(job, List.of()).orElseThrow())
                .returns(true, SeenAttempt::isCheck)
                .returns(false, SeenAttempt::isPlan)
                .returns(
                        check.expected().revisions(), attempt -> attempt.asked().expected());
    }

    @ParameterizedTest
    @CsvSource({
        "trigpointing, trigpointing-",
        "shop.example.com, shop-example-com-",
        "a-name-that-is-much-longer-than-forty-characters, a-name-that-is-much-longer-than-forty-ch-",
        "a-name-that-is-cut-just-behind-its-dash-x, a-name-that-is-cut-just-behind-its-dash-",
    })
    void isNamedForTheResource(String name, String prefix) {
        String job = AttemptName.of(name, "uid", 1, 1);
        assertThat(job)
                .startsWith(prefix)
                .matches("[a-z0-9]([-a-z0-9]*[a-z0-9])?")
                .hasSizeLessThanOrEqualTo(63);
        assertThat(job).isEqualTo(AttemptName.of(name, "uid", 1, 1));
    }

    @Test
    void anotherGenerationAttemptOrResourceIsAnotherJob() {
        assertThat(List.of(
                        AttemptName.of("shop", "uid", 1, 1),
                        AttemptName.of("shop", "uid", 2, 1),
                        AttemptName.of("shop", "uid", 1, 2),
                        AttemptName.of("shop", "other", 1, 1),
                        AttemptName.of("shop", "uid", 11, 1),
                        AttemptName.of("shop", "uid", 1, 11)))
                .doesNotHaveDuplicates();
    }

    @Test
    void theSameDecisionMakesTheSameJob() {
        DatabaseMigration resource = resource("minimal");
        assertThat(BUILDING.build(resource, Tree.of(resource.getSpec()), run(resource, 1), null))
                .isEqualTo(BUILDING.build(resource, Tree.of(resource.getSpec()), run(resource, 1), null));
    }

    private static PodSpec pod(Job job) {
        return job.getSpec().getTemplate().getSpec();
    }

    private static Container container(Job job) {
        return pod(job).getContainers().getFirst();
    }
}
