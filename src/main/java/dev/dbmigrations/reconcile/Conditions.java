package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.ModelsReason;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.api.ShortText;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The conditions that one reason comes to, in kstatus' sense: {@code Ready} always; {@code Reconciling} or
 * {@code Stalled} only when true, and never both.
 */
final class Conditions {

    /** What Kubernetes allows is 32768; what a person reads is less. */
    static final int LONGEST_MESSAGE = 1024;

    private Conditions() {}

    /** {@return the conditions; a time of transition is kept where the condition's status stays as it was} */
    static List<Condition> of(Reason reason, String message, long generation, List<Condition> before, Instant now) {
        Stream<Condition> wanted = switch (reason.kind()) {
            case READY -> Stream.of(condition("Ready", "True", reason, message));
            case RECONCILING, RETRIED ->
                Stream.of(
                        condition("Ready", "False", reason, message),
                        condition("Reconciling", "True", reason, message));
            case STALLED, STALLED_ON_SECRET ->
                Stream.of(condition("Ready", "False", reason, message), condition("Stalled", "True", reason, message));
        };
        return wanted.map(condition -> stamped(condition, generation, before, now))
                .toList();
    }

    /** {@return the condition with its generation and the time when its status came to be what it is} */
    static Condition stamped(Condition condition, long generation, List<Condition> before, Instant now) {
        return new ConditionBuilder(condition)
                .withObservedGeneration(generation)
                .withLastTransitionTime(transition(condition, before, now))
                .build();
    }

    /** {@return the condition about the models, which those in kstatus' sense know nothing of} */
    static Condition modelsMatch(
            ModelsReason reason, String message, long generation, Optional<Condition> before, Instant now) {
        Condition condition = condition(ModelsReason.CONDITION, reason.status(), reason.name(), message);
        return stamped(condition, generation, before.stream().toList(), now);
    }

    private static Condition condition(String type, String status, Reason reason, String message) {
        return condition(type, status, reason.name(), message);
    }

    private static Condition condition(String type, String status, String reason, String message) {
        return new ConditionBuilder()
                .withType(type)
                .withStatus(status)
                .withReason(reason)
                .withMessage(ShortText.ofLength(message, LONGEST_MESSAGE))
                .build();
    }

    private static String transition(Condition condition, List<Condition> before, Instant now) {
        return before.stream()
                .filter(old -> condition.getType().equals(old.getType())
                        && condition.getStatus().equals(old.getStatus()))
                .map(Condition::getLastTransitionTime)
                .filter(Objects::nonNull)
                .findFirst()
                .orElseGet(() -> now.truncatedTo(ChronoUnit.SECONDS).toString());
    }
}
