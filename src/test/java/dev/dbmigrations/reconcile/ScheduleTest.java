package dev.dbmigrations.reconcile;

import static dev.dbmigrations.reconcile.Situation.failed;
import static dev.dbmigrations.reconcile.Situation.failedBy;
import static dev.dbmigrations.reconcile.Situation.settledAt;
import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.job.RunResult;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** When the loop comes back by itself. */
@NullMarked
class ScheduleTest {

    private static Duration next(Situation situation) {
        DatabaseMigration resource = new DatabaseMigration();
        resource.setSpec(situation.spec);
        Decision decision = situation.happens();
        return Schedule.next(resource, situation.seen(), decision, situation.status, situation.now);
    }

    private static Situation failedAtA1(Reason reason) {
        Situation situation = settledAt("a1").target("b2").databaseIsAt("a1");
        situation.happens();
        return situation.attemptEnds(failed(reason, List.of("a1"))).databaseIsAt("a1");
    }

    @Test
    void atRestItIsTheIntervalOfTheSpec() {
        assertThat(next(settledAt("a1"))).isEqualTo(Duration.ofSeconds(60));
    }

    @Test
    void whileAnAnswerIsWaitedForItDoesNotSpin() {
        Situation situation = settledAt("a1").later(Duration.ofSeconds(61));
        situation.askedAt = situation.now.minusSeconds(4);
        assertThat(next(situation)).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void aDatabaseThatIsAwayIsLookedAtSoon() {
        assertThat(next(new Situation().databaseIsUnreachable())).isEqualTo(Duration.ofSeconds(1));
    }

    @ParameterizedTest
    @EnumSource(
            names = {"CredentialsInvalid", "CredentialsRefused", "CredentialsNotFound", "LockTimeout", "Interrupted"})
    void aChangedSecretIsNoticedWithinSecondsWhereItMatters(Reason reason) {
        assertThat(next(failedAtA1(reason))).isBetween(Duration.ofMillis(50), Duration.ofSeconds(5));
    }

    @Test
    void whatStallsWaitsForAPersonWithoutHaste() {
        assertThat(next(failedAtA1(Reason.MigrationFailed))).isEqualTo(Duration.ofSeconds(60));
    }

    @Test
    void aDatabaseThatCannotBeWrittenToIsLookedAtSoonAndWithoutHaste() {
        Situation situation = settledAt("a1").target("b2").databaseIsAt("a1");
        situation.happens();
        situation
                .attemptEnds(
                        failedBy(Reason.DatabaseUnreachable, "read-only", new RunResult.Failure("b2", "25006", null)))
                .databaseIsReadOnlyAt("a1");
        situation.happens();
        assertThat(next(situation.later(Duration.ofMinutes(1)).databaseIsReadOnlyAt("a1")))
                .isBetween(Duration.ofSeconds(1), Duration.ofSeconds(5));
    }

    @Test
    void aRetryIsNotMissed() {
        Situation situation = failedAtA1(Reason.LockTimeout);
        Duration next = next(situation);
        assertThat(situation.now.plus(next))
                .isBeforeOrEqualTo(situation.failure().retryAt());
    }
}
