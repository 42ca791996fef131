package dev.dbmigrations.reconcile;

import static dev.dbmigrations.reconcile.Situation.IMAGE;
import static dev.dbmigrations.reconcile.Situation.failed;
import static dev.dbmigrations.reconcile.Situation.succeeded;
import static dev.dbmigrations.reconcile.Situation.superseded;
import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DatabaseMigrationStatus.Comparison;
import dev.dbmigrations.api.ModelsReason;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.job.RunResult;
import dev.dbmigrations.job.RunResult.Models;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Died;
import dev.dbmigrations.job.SeenAttempt.Ended;
import dev.dbmigrations.job.SeenAttempt.Rejected;
import dev.dbmigrations.job.SeenAttempt.Running;
import dev.dbmigrations.job.SeenAttempt.Waiting;
import dev.dbmigrations.job.Told;
import dev.dbmigrations.reconcile.Decision.EndCheck;
import dev.dbmigrations.reconcile.Decision.Look;
import dev.dbmigrations.reconcile.Decision.Settle;
import dev.dbmigrations.reconcile.Decision.Start;
import dev.dbmigrations.reconcile.Decision.StartCheck;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tables are compared with models at rest, once for what there is to compare, and in nobody's way. */
@NullMarked
class ModelCheckTest {

    private static final String PENDING = "the tables are compared with the models when the database is at the target";

    private final Situation resource = new Situation();

    @Test
    void neverAsksForNoJobAndNoCondition() {
        resource.databaseIsAt("b2").happens();

        assertThat(resource.happens()).isInstanceOf(Settle.class);
        assertThat(resource.status.condition(ModelsReason.CONDITION)).isEmpty();
        assertThat(resource.status.modelCheck()).isNull();
    }

    @Test
    void whatIsAtItsTargetIsSaidToBeThereFirst() {
        resource.modelCheck("AfterMigration").databaseIsAt("b2");

        assertThat(resource.happens()).isInstanceOf(Settle.class);
        says(ModelsReason.CheckPending, PENDING);
        assertThat(resource.happens()).isInstanceOf(StartCheck.class);
        says(ModelsReason.CheckPending, "Job trig-b2a14b7087 compares the tables with the models of image " + IMAGE);
        assertThat(resource.ready()).isTrue();
        assertThat(comparison().revisions()).containsExactly("b2");
        assertThat(comparison().checkedAt()).isNull();
    }

    @Test
    void thatTheyMatchIsSaidOnceAndNothingIsStartedAfterwards() {
        checked(ModelsReason.ModelsMatch);

        says(ModelsReason.ModelsMatch, "the tables are as the models of image " + IMAGE + " say");
        assertThat(condition().getStatus()).isEqualTo("True");
        assertThat(comparison().checkedAt()).isEqualTo(resource.now);
        resource.later(Duration.ofDays(30))
                .databaseIsAt("b2")
                .operatorRestarts()
                .databaseIsAt("b2");
        assertThat(resource.happens()).isInstanceOf(Settle.class);
        assertThat(resource.checks).hasSize(1);
    }

    @Test
    void differencesAreSaidInWordsAndReadyIsNotTouched() {
        checked(ModelsReason.ModelsDiffer, "table users lacks column age (INTEGER)", "table old is not in the models");

        says(
                ModelsReason.ModelsDiffer,
                "2 differences: table users lacks column age (INTEGER); table old is not in the models");
        assertThat(condition().getStatus()).isEqualTo("False");
        assertThat(condition().getObservedGeneration()).isEqualTo(resource.generation);
        assertThat(resource.ready()).isTrue();
        assertThat(resource.reason()).isEqualTo("AtTarget");
    }

    @Test
    void asManyDifferencesAsHaveRoomAreSaidAndTheLogHasTheRest() {
        checked(
                ModelsReason.ModelsDiffer,
                IntStream.range(0, 60)
                        .mapToObj(i -> "table table_with_a_long_name_" + i + " is missing")
                        .toArray(String[]::new));

        assertThat(condition().getMessage())
                .startsWith("60 differences: table table_with_a_long_name_0 is missing; ")
                .endsWith(" more, which the log of Job trig-b2a14b7087 has")
                .hasSizeLessThanOrEqualTo(Conditions.LONGEST_MESSAGE)
                .doesNotContain("…");
    }

    @Test
    void withAnIntervalTheyAreComparedAgain() {
        resource.modelCheck("1h");
        checked(ModelsReason.ModelsDiffer, "table old is not in the models");

        resource.later(Duration.ofMinutes(59)).databaseIsAt("b2");
        assertThat(resource.happens()).isInstanceOf(Settle.class);
        assertThat(ModelCheck.wait(resource.seen(), resource.status, resource.now))
                .contains(Duration.ofMinutes(1));
        resource.later(Duration.ofMinutes(1)).databaseIsAt("b2");
        assertThat(resource.happens()).isInstanceOf(StartCheck.class);
        says(ModelsReason.ModelsDiffer, "1 difference: table old is not in the models");
        ends(answer(ModelsReason.ModelsMatch));
        assertThat(condition().getStatus()).isEqualTo("True");
    }

    @Test
    void aTimeThatIsYetToComeIsNotWaitedFor() {
        resource.modelCheck("1h");
        checked(ModelsReason.ModelsMatch);

        resource.later(Duration.ofMinutes(-50)).operatorRestarts().databaseIsAt("b2");
        assertThat(resource.happens()).isInstanceOf(StartCheck.class);
    }

    @Test
    void aPersonCanAskForItNow() {
        checked(ModelsReason.ModelsDiffer, "table old is not in the models");

        resource.setsRetryAnnotation("now").databaseIsAt("b2");
        assertThat(resource.happens()).isInstanceOf(StartCheck.class);
        ends(answer(ModelsReason.ModelsMatch));
        assertThat(resource.happens()).isInstanceOf(Settle.class);
    }

    @Test
    void whatWasComparedIsComparedAgainAfterEachMigration() {
        checked(ModelsReason.ModelsMatch);

        resource.target("c3").databaseIsAt("b2");
        assertThat(resource.happens()).isInstanceOf(Start.class);
        says(ModelsReason.CheckPending, PENDING);
        resource.later(Duration.ofSeconds(5)).attemptEnds(succeeded(List.of("b2"), List.of("c3")));
        resource.databaseIsAt("c3").happens();
        assertThat(resource.happens())
                .isEqualTo(new StartCheck((AtRevisions) Objects.requireNonNull(resource.reading), 3));
    }

    @Test
    void whatSomebodyMovedAndTheOperatorMovedBackIsComparedAgain() {
        checked(ModelsReason.ModelsMatch);

        resource.databaseIsAt("a1");
        assertThat(resource.happens()).isInstanceOf(Start.class);
        resource.attemptEnds(succeeded(List.of("a1"), List.of("b2")));
        resource.databaseIsAt("b2").happens();
        assertThat(resource.happens()).isInstanceOf(StartCheck.class);
    }

    @Test
    void aNewSpecIsComparedThoughNothingMoves() {
        checked(ModelsReason.ModelsMatch);

        resource.image("registry.example.com/trigpointing-migrations:1.4.3").databaseIsAt("b2");
        assertThat(resource.happens()).isInstanceOf(Settle.class);
        says(ModelsReason.CheckPending, PENDING);
        assertThat(resource.happens()).isInstanceOf(StartCheck.class);
    }

    @Test
    void anotherDatabaseUnderTheSameNameIsComparedToo() {
        checked(ModelsReason.ModelsMatch);

        resource.later(Duration.ofMinutes(5)).databaseIsRestoredElsewhere().databaseIsAt("b2");
        assertThat(resource.happens()).isInstanceOf(Settle.class);
        assertThat(resource.happens()).isInstanceOf(StartCheck.class);
    }

    @Test
    void aNewTargetDoesNotWaitForACheck() {
        started();
        resource.checkIs(new Running());

        resource.target("c3").databaseIsAt("b2");
        assertThat(resource.happens())
                .isInstanceOfSatisfying(
                        Start.class, start -> assertThat(start.number()).isEqualTo(2));
        assertThat(resource.checks).isEmpty();
    }

    @Test
    void anOutageOfTheDatabaseTakesNothingBack() {
        checked(ModelsReason.ModelsMatch);

        resource.databaseIsUnreachable().happens();
        assertThat(resource.reason()).isEqualTo("DatabaseUnreachable");
        assertThat(condition().getStatus()).isEqualTo("True");
        resource.databaseIsAt("b2").happens();
        assertThat(resource.happens()).isInstanceOf(Settle.class);
    }

    @Test
    void aReadingThatIsOldIsNoGroundToStartFrom() {
        resource.modelCheck("AfterMigration").databaseIsAt("b2").happens();

        resource.later(Duration.ofMinutes(2));
        assertThat(resource.decides()).isInstanceOf(Look.class);
    }

    @Test
    void suspendedNothingIsStartedAndWhatRunsIsTakenIn() {
        started();
        resource.suspend(true).databaseIsAt("b2").happens();
        assertThat(resource.happens()).isInstanceOf(Settle.class);
        assertThat(ModelCheck.wait(resource.seen(), resource.status, resource.now))
                .isEmpty();

        var other = new Situation().modelCheck("5m").databaseIsAt("b2");
        other.happens();
        other.happens();
        assertThat(other.checks).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"AfterMigration", "2h"})
    void whatHadNoAnswerIsTriedAgainWithAGrowingPause(String policy) {
        resource.modelCheck(policy);
        started();
        ends(failed(Reason.EnvironmentFailed, List.of("b2")));

        says(ModelsReason.CheckFailed, "the tables could not be compared with the models: it went wrong");
        assertThat(condition().getStatus()).isEqualTo("Unknown");
        assertThat(resource.ready()).isTrue();
        Duration before = Duration.ZERO;
        for (int failures = 1; failures < 12; failures++) {
            assertThat(comparison().failures()).isEqualTo(failures);
            Duration pause = ModelCheck.wait(resource.seen(), resource.status, resource.now)
                    .orElseThrow();
            assertThat(pause).isBetween(Duration.ofSeconds(45), Duration.ofHours(1));
            assertThat(pause).isGreaterThan(before.dividedBy(2));
            before = pause;
            resource.later(pause.minusSeconds(1)).databaseIsAt("b2");
            assertThat(resource.happens()).isInstanceOf(Settle.class);
            resource.later(Duration.ofSeconds(1)).databaseIsAt("b2");
            assertThat(resource.happens()).isInstanceOf(StartCheck.class);
            resource.checkIs(new Died(Reason.Interrupted, "the pod was lost", true));
            assertThat(resource.happens()).isInstanceOf(EndCheck.class);
        }
    }

    @Test
    void aCheckThatFindsAnotherDatabaseHasNoAnswer() {
        started();
        ends(superseded("c3"));

        says(ModelsReason.CheckFailed, "the tables could not be compared with the models: the database has moved");
    }

    @ParameterizedTest
    @ValueSource(strings = {"NotAtHead", "NoModels"})
    void whatCannotBeComparedIsSaidAndNotTriedAgain(String reason) {
        started();
        ends(Told.succeeded()
                .between(List.of("b2"), List.of("b2"))
                .models(new Models(ModelsReason.valueOf(reason), "as the runner says", 0, List.of()))
                .result());

        says(ModelsReason.valueOf(reason), "as the runner says");
        assertThat(condition().getStatus()).isEqualTo("Unknown");
        resource.later(Duration.ofDays(1)).databaseIsAt("b2");
        assertThat(resource.happens()).isInstanceOf(Settle.class);
    }

    @Test
    void aPodThatDoesNotStartIsSaid() {
        started();
        resource.checkIs(new Waiting("ErrImagePull: not found")).happens();
        says(ModelsReason.WaitingForPod, "Job trig-b2a14b7087: ErrImagePull: not found");

        resource.checkIs(new Rejected("exceeded quota")).happens();
        says(ModelsReason.WaitingForPod, "Job trig-b2a14b7087: exceeded quota");

        resource.checkIs(new Running()).happens();
        says(ModelsReason.CheckPending, "Job trig-b2a14b7087 compares the tables with the models of image " + IMAGE);
        assertThat(resource.ready()).isTrue();
    }

    @Test
    void withoutTheFieldTheConditionGoes() {
        checked(ModelsReason.ModelsMatch);

        resource.modelCheck("Never").databaseIsAt("b2").happens();
        assertThat(resource.status.condition(ModelsReason.CONDITION)).isEmpty();
        assertThat(resource.status.modelCheck()).isNull();
    }

    @Test
    void aCheckThatTheStatusDoesNotKnowIsTakenInAndNotRepeated() {
        started();
        resource.status = Situation.settledAt("b2").status;
        resource.generation = 1;
        var job = resource.checks.removeFirst();
        resource.checks.add(
                new SeenAttempt(job.job(), job.number(), 1, job.asked(), job.createdAt(), null, new Running()));

        assertThat(resource.happens()).isInstanceOf(Settle.class);
        ends(answer(ModelsReason.ModelsMatch));
        assertThat(condition().getStatus()).isEqualTo("True");
        assertThat(resource.happens()).isInstanceOf(Settle.class);
    }

    private void started() {
        if (!resource.spec.modelCheck().wanted()) {
            resource.modelCheck("AfterMigration");
        }
        resource.databaseIsAt("b2").happens();
        assertThat(resource.happens()).isInstanceOf(StartCheck.class);
    }

    private void checked(ModelsReason answer, String... differences) {
        started();
        ends(answer(answer, differences));
    }

    private void ends(RunResult result) {
        resource.checkIs(new Ended(result));
        assertThat(resource.happens()).isInstanceOf(EndCheck.class);
    }

    private static RunResult answer(ModelsReason answer, String... differences) {
        return Told.succeeded()
                .between(List.of("b2"), List.of("b2"))
                .resolved(null, List.of("b2"))
                .models(new Models(answer, null, differences.length, List.of(differences)))
                .result();
    }

    private void says(ModelsReason reason, @Nullable String message) {
        assertThat(condition().getReason()).isEqualTo(reason.name());
        assertThat(condition().getStatus()).isEqualTo(reason.status());
        assertThat(condition().getMessage()).isEqualTo(message);
    }

    private Condition condition() {
        return resource.status.condition(ModelsReason.CONDITION).orElseThrow();
    }

    private Comparison comparison() {
        return Objects.requireNonNull(resource.status.modelCheck());
    }
}
