package dev.dbmigrations.job;

import dev.dbmigrations.job.SeenAttempt.Unheard;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Tells by a pod whose container runs that its node is not heard of any more; nobody here may read nodes. */
final class NodeSilence {

    private NodeSilence() {}

    /** {@return since when its node is silent; null where there is no sign of that} */
    static @Nullable Unheard of(Pod pod) {
        String deletion = pod.getMetadata().getDeletionTimestamp();
        // Of a pod that is to go, the node has until then to say that it has ended.
        Optional<Instant> since = deletion == null ? notReadySince(pod) : instant(deletion);
        String node = pod.getSpec() == null ? null : pod.getSpec().getNodeName();
        return node == null
                ? null
                : since.map(time -> new Unheard(pod.getMetadata().getName(), node, time))
                        .orElse(null);
    }

    /** The cluster takes a silent node's pods for not ready, and leaves alone what the node last said of containers. */
    private static Optional<Instant> notReadySince(Pod pod) {
        return condition(pod, "ContainersReady", "True").isPresent()
                ? condition(pod, "Ready", "False").flatMap(ready -> instant(ready.getLastTransitionTime()))
                : Optional.empty();
    }

    private static Optional<PodCondition> condition(Pod pod, String type, String status) {
        return pod.getStatus().getConditions().stream()
                .filter(condition -> type.equals(condition.getType()) && status.equals(condition.getStatus()))
                .findFirst();
    }

    private static Optional<Instant> instant(@Nullable String text) {
        try {
            return text == null ? Optional.empty() : Optional.of(Instant.parse(text));
        } catch (DateTimeParseException e) {
            return Optional.empty();
        }
    }
}
