package dev.dbmigrations.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.EnvFromSource;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Settings of the Jobs' pods: a closed list, wide enough for the Jobs that teams have today; nothing of the host, no
 * privileges, no command. All in Kubernetes' own forms.
 *
 * @param readOnlyRootFilesystem true unless the image needs to write outside {@code /tmp}
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record JobSettings(
        @Nullable ResourceRequirements resources,
        Map<String, String> nodeSelector,
        List<Toleration> tolerations,
        @Nullable Affinity affinity,
        List<LocalObjectReference> imagePullSecrets,
        @Nullable String imagePullPolicy,
        @Nullable String serviceAccountName,
        @Nullable String priorityClassName,
        Map<String, String> labels,
        Map<String, String> annotations,
        List<EnvVar> env,
        List<EnvFromSource> envFrom,
        List<Volume> volumes,
        List<VolumeMount> volumeMounts,
        @Nullable Long runAsUser,
        @Nullable Long runAsGroup,
        @Nullable Long fsGroup,
        @Nullable Boolean readOnlyRootFilesystem) {

    public static final JobSettings DEFAULT = new JobSettings(
            null, Map.of(), List.of(), null, List.of(), null, null, null, Map.of(), Map.of(), List.of(), List.of(),
            List.of(), List.of(), null, null, null, null);

    public JobSettings {
        nodeSelector = Lenient.map(nodeSelector);
        tolerations = Lenient.list(tolerations);
        imagePullSecrets = Lenient.list(imagePullSecrets);
        labels = Lenient.map(labels);
        annotations = Lenient.map(annotations);
        env = Lenient.list(env);
        envFrom = Lenient.list(envFrom);
        volumes = Lenient.list(volumes);
        volumeMounts = Lenient.list(volumeMounts);
    }
}
