package dev.dbmigrations.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.Reason;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Conditions as kstatus reads them. */
@NullMarked
class ConditionsTest {

    private static final Instant THEN = Instant.parse("2026-11-01T12:00:00.123Z");
    private static final Instant LATER = THEN.plusSeconds(60);

    private static List<Condition> of(Reason reason, List<Condition> before, Instant now) {
        return Conditions.of(reason, "message", 7, before, now);
    }

    @ParameterizedTest
    @EnumSource
    void readyAlwaysAndOneOfTheOthersUnlessItIsTrue(Reason reason) {
        List<String> types = of(reason, List.of(), THEN).stream()
                .map(condition -> condition.getType() + "=" + condition.getStatus())
                .toList();
        assertThat(types)
                .isEqualTo(
                        switch (reason.kind()) {
                            case READY -> List.of("Ready=True");
                            case RECONCILING, RETRIED -> List.of("Ready=False", "Reconciling=True");
                            case STALLED, STALLED_ON_SECRET -> List.of("Ready=False", "Stalled=True");
                        });
    }

    @Test
    void eachSaysWhyAndOfWhichGeneration() {
        assertThat(of(Reason.MigrationFailed, List.of(), THEN))
                .allMatch(condition -> condition.getReason().equals("MigrationFailed")
                        && condition.getMessage().equals("message")
                        && condition.getObservedGeneration() == 7
                        && condition.getLastTransitionTime().equals("2026-11-01T12:00:00Z"));
    }

    @Test
    void theTimeOfTransitionIsKeptWhileTheStatusIsTheSame() {
        List<Condition> before = of(Reason.Applying, List.of(), THEN);
        assertThat(of(Reason.WaitingForLock, before, LATER))
                .allMatch(condition -> condition.getLastTransitionTime().equals("2026-11-01T12:00:00Z"));
        assertThat(of(Reason.MigrationFailed, before, LATER))
                .extracting(Condition::getLastTransitionTime)
                .containsExactly("2026-11-01T12:00:00Z", "2026-11-01T12:01:00Z");
        assertThat(of(Reason.AtTarget, before, LATER))
                .extracting(Condition::getLastTransitionTime)
                .containsExactly("2026-11-01T12:01:00Z");
    }

    @Test
    void aLongMessageIsCutBetweenCharacters() {
        String message = Conditions.of(Reason.AtTarget, "x" + "😀".repeat(2000), 1, List.of(), THEN)
                .getFirst()
                .getMessage();
        assertThat(message).hasSizeLessThanOrEqualTo(1024).endsWith("😀…");
    }
}
