package dev.dbmigrations.reconcile;

import static dev.dbmigrations.reconcile.Situation.UID;
import static dev.dbmigrations.reconcile.Situation.failed;
import static dev.dbmigrations.reconcile.Situation.failedBy;
import static dev.dbmigrations.reconcile.Situation.settledAt;
import static dev.dbmigrations.reconcile.Situation.succeeded;
import static dev.dbmigrations.reconcile.Situation.superseded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.dbmigrations.api.DowngradePolicy;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.database.Progress;
import dev.dbmigrations.job.RunDocument.Downgrade;
import dev.dbmigrations.job.RunResult;
import dev.dbmigrations.job.SeenAttempt.NoPod;
import dev.dbmigrations.job.SeenAttempt.Rejected;
import dev.dbmigrations.job.SeenAttempt.Running;
import dev.dbmigrations.job.SeenAttempt.Unheard;
import dev.dbmigrations.job.SeenAttempt.Waiting;
import dev.dbmigrations.reconcile.Decision.Await;
import dev.dbmigrations.reconcile.Decision.Discard;
import dev.dbmigrations.reconcile.Decision.Fail;
import dev.dbmigrations.reconcile.Decision.Look;
import dev.dbmigrations.reconcile.Decision.Settle;
import dev.dbmigrations.reconcile.Decision.Start;
import dev.dbmigrations.reconcile.Decision.Suspend;
import dev.dbmigrations.reconcile.Decision.TakeIn;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is decided, rule by rule. Revisions are a1, b2, c3, in this order. */
@NullMarked
class DecideTest {

    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private static Situation at(String... revisions) {
        return new Situation().databaseIsAt(revisions);
    }

    /** An attempt from a1 to b2 whose container runs. */
    private static Situation runningFromA1ToB2() {
        Situation situation = settledAt("a1").target("b2").later(SECOND).databaseIsAt("a1");
        situation.happens();
        return situation.attemptIs(new Running()).later(SECOND);
    }

    /** The same, failed for this reason with the database at a1 still. */
    private static Situation failedAtA1(Reason reason) {
        Situation situation =
                runningFromA1ToB2().attemptEnds(failed(reason, List.of("a1"))).databaseIsAt("a1");
        assertThat(situation.happens()).isInstanceOf(Fail.class);
        return situation;
    }

    private static Start started(Decision decision) {
        assertThat(decision).isInstanceOf(Start.class);
        return (Start) decision;
    }

    private static Fail fails(Decision decision, Reason reason) {
        assertThat(decision).isInstanceOf(Fail.class);
        assertThat(((Fail) decision).failure().reason()).isEqualTo(reason);
        return (Fail) decision;
    }

    private static Await awaits(Decision decision, Reason reason) {
        assertThat(decision).isInstanceOf(Await.class);
        assertThat(((Await) decision).reason()).isEqualTo(reason);
        return (Await) decision;
    }

    @Nested
    class BeforeAnythingIsKnown {

        @Test
        void looksAtTheDatabaseFirst() {
            assertThat(new Situation().decides()).isInstanceOf(Look.class);
        }

        @Test
        void aMissingSecretIsSaid() {
            assertThat(fails(new Situation().secretIsMissing().decides(), Reason.CredentialsNotFound)
                            .failure()
                            .message())
                    .contains("trig-db");
        }

        @Test
        void aSecretThatCannotBeUnderstoodIsSaid() {
            fails(new Situation().secretIsInvalid().decides(), Reason.CredentialsInvalid);
        }

        @Test
        void aDatabaseThatDoesNotAnswerIsSaid() {
            fails(new Situation().databaseIsUnreachable().decides(), Reason.DatabaseUnreachable);
        }

        @Test
        void aDatabaseThatRefusesIsSaid() {
            fails(new Situation().databaseRefuses().decides(), Reason.CredentialsRefused);
        }

        @Test
        void anOutageThatLastsIsOneFailureSinceItsBeginning() {
            Situation situation = new Situation().databaseIsUnreachable();
            situation.happens();
            var first = situation.failure();
            situation.later(MINUTE).databaseIsUnreachable().happens();
            assertThat(situation.failure()).isEqualTo(first);
        }
    }

    /** Without the graph, which only the image has: what is not known to be at the target, a run finds out (rule 4). */
    @Nested
    class AtTarget {

        @Test
        void whenTheOneRowIsTheTargetWordForWord() {
            assertThat(at("b2").decides()).isInstanceOf(Settle.class);
        }

        @ParameterizedTest
        @ValueSource(strings = {"b", "head", "heads", "main@head"})
        void aTargetThatOnlyTheImageUnderstandsIsAsked(String target) {
            assertThat(at("b2").target(target).decides()).isInstanceOf(Start.class);
        }

        @Test
        void oneOfTwoRowsIsNotEnoughToKnow() {
            assertThat(at("b2", "x9").decides()).isInstanceOf(Start.class);
        }

        @Test
        void whenARunHasResolvedTheTargetBefore() {
            Situation situation = new Situation().target("head").databaseIsAt("a1");
            situation.happens();
            situation
                    .later(SECOND)
                    .attemptEnds(succeeded(List.of("a1"), List.of("c3")))
                    .databaseIsAt("c3");
            assertThat(situation.happens()).isInstanceOf(Settle.class);
            assertThat(situation.later(MINUTE).databaseIsAt("c3").decides()).isInstanceOf(Settle.class);
            assertThat(situation.databaseIsAt("b2").decides())
                    .as("somebody moved it since")
                    .isInstanceOf(Start.class);
        }

        @Test
        void whatATargetMeantInAnotherImageMeansNothing() {
            Situation situation = new Situation().target("head").databaseIsAt("a1");
            situation.happens();
            situation
                    .attemptEnds(succeeded(List.of("a1"), List.of("c3")))
                    .databaseIsAt("c3")
                    .happens();
            assertThat(situation
                            .image("registry.example.com/trigpointing-migrations:2")
                            .databaseIsAt("c3")
                            .decides())
                    .isInstanceOf(Start.class);
        }

        @Test
        void baseIsAVersionTableWithoutRows() {
            assertThat(new Situation().target("base").databaseIsAt().decides()).isInstanceOf(Settle.class);
        }

        @Test
        void theBaseOfABranchCanBeATableWithoutRows() {
            Situation situation = new Situation().target("billing@base").databaseIsAt();
            assertThat(situation.happens())
                    .as("only the image knows the branch")
                    .isInstanceOf(Start.class);
            assertThat(situation
                            .attemptEnds(succeeded(List.of(), List.of()))
                            .databaseIsAt()
                            .happens())
                    .isInstanceOf(Settle.class);
            assertThat(situation.later(MINUTE).databaseIsAt().decides()).isInstanceOf(Settle.class);
        }

        @Test
        void aDatabaseWithoutAVersionTableIsNotKnownToBeAtBase() {
            assertThat(new Situation()
                            .target("base")
                            .databaseHasNoVersionTable()
                            .decides())
                    .as("the table may be in a schema that only env.py knows")
                    .isInstanceOf(Start.class);
        }

        @Test
        void anEmptyDatabaseIsAtNoRevision() {
            assertThat(started(new Situation().databaseHasNoVersionTable().decides())
                            .reading()
                            .revisions())
                    .isEmpty();
        }

        @Test
        void whatWasReadBeforeTheSpecChangedIsReadAgain() {
            Situation situation =
                    settledAt("a1").databaseIsAt("b2").later(SECOND).target("b2");
            assertThat(situation.decides())
                    .as("somebody may have moved it back since")
                    .isInstanceOf(Look.class);
            assertThat(situation.databaseIsAt("b2").decides()).isInstanceOf(Settle.class);
        }

        @Test
        void applyingTheSameAgainStartsNothing() {
            assertThat(settledAt("b2").later(MINUTE).databaseIsAt("b2").decides())
                    .isInstanceOf(Settle.class);
        }
    }

    @Nested
    class Starting {

        @Test
        void bringsTheDatabaseFromWhereItWasReadToTheTarget() {
            Start start = started(at("a1").decides());
            assertThat(start.reading().revisions()).containsExactly("a1");
            assertThat(start.number()).isEqualTo(1);
            assertThat(start.afterInterruption()).isFalse();
        }

        @Test
        void aStaleReadingIsNoGroundToStartFrom() {
            assertThat(new Situation()
                            .databaseWasAt(Duration.ofSeconds(21), "a1")
                            .decides())
                    .isInstanceOf(Look.class);
        }

        @Test
        void bringsBackADatabaseThatSomebodyElseTookDown() {
            assertThat(settledAt("b2").later(MINUTE).databaseIsAt("a1").decides())
                    .isInstanceOf(Start.class);
        }

        @Test
        void anAttemptsNumberIsNeverUsedAgain() {
            Situation situation = failedAtA1(Reason.MigrationFailed);
            situation.jobsAreGone().setsRetryAnnotation("now").databaseIsAt("a1");
            assertThat(started(situation.decides()).number())
                    .as("remembered by the status")
                    .isEqualTo(2);
        }

        @Test
        void anAttemptThatTheStatusForgotIsTakenInAndItsNumberNotUsedAgain() {
            Situation situation = runningFromA1ToB2();
            situation.status = new Situation().status;
            situation
                    .attemptEnds(failed(Reason.MigrationFailed, List.of("a1")))
                    .databaseIsAt("a1")
                    .happens();
            situation.setsRetryAnnotation("now");
            assertThat(started(situation.decides()).number()).isEqualTo(2);
        }
    }

    @Nested
    class Suspended {

        @Test
        void startsNothing() {
            assertThat(at("a1").suspend(true).decides()).isInstanceOf(Suspend.class);
        }

        @Test
        void isStillAtTheTargetWhereItIs() {
            assertThat(at("b2").suspend(true).decides()).isInstanceOf(Settle.class);
        }

        @Test
        void whatRunsEndsByItself() {
            Situation situation = runningFromA1ToB2().suspend(true).databaseIsAt("a1");
            awaits(situation.decides(), Reason.Applying);
        }

        @Test
        void goesOnWhenItIsResumed() {
            Situation situation = at("a1").suspend(true);
            situation.happens();
            assertThat(situation.suspend(false).decides()).isInstanceOf(Start.class);
        }

        @Test
        void aRetryAskedMeanwhileIsKeptForThen() {
            Situation situation = failedAtA1(Reason.PartiallyApplied)
                    .suspend(true)
                    .setsRetryAnnotation("now")
                    .databaseIsAt("a1");
            assertThat(situation.happens()).isInstanceOf(Suspend.class);
            assertThat(started(situation.suspend(false).decides()).retry()).isTrue();
        }
    }

    /** Rule 5. */
    @Nested
    class GoingDown {

        private Downgrade leave(Situation situation) {
            return started(situation.decides()).downgrade();
        }

        @Test
        void goesDownWhenTheTargetMovedAndNobodyElseMovedTheDatabase() {
            assertThat(leave(settledAt("c3").target("a1").databaseIsAt("c3"))).isEqualTo(Downgrade.Allowed);
        }

        @Test
        void goesDownToBase() {
            assertThat(leave(settledAt("c3").target("base").databaseIsAt("c3"))).isEqualTo(Downgrade.Allowed);
        }

        @Test
        void aDatabaseFoundAheadIsNotForThisResourceToTakeDown() {
            assertThat(leave(at("c3").target("a1"))).isEqualTo(Downgrade.NotRequested);
        }

        @Test
        void aDatabaseThatSomebodyElseMovedAheadIsLeftThere() {
            assertThat(leave(settledAt("b2").target("a1").databaseIsAt("c3"))).isEqualTo(Downgrade.NotRequested);
        }

        @Test
        void aDriftAloneAsksForNothing() {
            assertThat(leave(settledAt("b2").databaseIsAt("c3"))).isEqualTo(Downgrade.NotRequested);
        }

        @Test
        void aRestoredCloneIsAnotherDatabase() {
            assertThat(leave(settledAt("c3")
                            .target("a1")
                            .databaseIsRestoredElsewhere()
                            .databaseIsAt("c3")))
                    .isEqualTo(Downgrade.NotRequested);
        }

        @ParameterizedTest
        @ValueSource(strings = {"head", "heads", "main@head", "main@heads"})
        void whatTheTreeHappensToEndWithIsNoWishToGoDown(String target) {
            assertThat(leave(settledAt("c3").target(target).databaseIsAt("c3"))).isEqualTo(Downgrade.NotRequested);
            assertThat(leave(settledAt("c3")
                            .target(target)
                            .downgrade(DowngradePolicy.Always)
                            .databaseIsAt("c3")))
                    .isEqualTo(Downgrade.NotRequested);
        }

        @Test
        void neverIsNever() {
            assertThat(leave(settledAt("c3")
                            .target("a1")
                            .downgrade(DowngradePolicy.Never)
                            .databaseIsAt("c3")))
                    .isEqualTo(Downgrade.Forbidden);
        }

        @Test
        void alwaysAlsoTakesDownWhatSomebodyElseMovedAhead() {
            assertThat(leave(at("c3").target("a1").downgrade(DowngradePolicy.Always)))
                    .isEqualTo(Downgrade.Allowed);
        }

        @Test
        void theOperatorsPolicyForbidsWhatTheResourceAsksFor() {
            Situation situation = settledAt("c3")
                    .target("a1")
                    .policy("[{\"namespaces\": [\"prod*\"], \"greatestDowngrade\": \"Never\"}]")
                    .databaseIsAt("c3");
            assertThat(leave(situation)).isEqualTo(Downgrade.Forbidden);

            situation.happens();
            situation
                    .later(SECOND)
                    .attemptEnds(failed(Reason.DowngradeForbidden, List.of("c3"), List.of("c3")))
                    .databaseIsAt("c3")
                    .happens();
            assertThat(situation.message())
                    .endsWith("(the operator's policy lets no more than downgrade: Never count in this namespace,"
                            + " whatever this resource says)");
        }

        @Test
        void theOperatorsPolicyLeavesAlwaysToBeNoMoreThanRequested() {
            String policy = "[{\"namespaces\": [\"production\"], \"greatestDowngrade\": \"Requested\"}]";
            Situation ahead =
                    at("c3").target("a1").downgrade(DowngradePolicy.Always).policy(policy);
            assertThat(leave(ahead)).isEqualTo(Downgrade.NotRequested);

            ahead.happens();
            ahead.later(SECOND)
                    .attemptEnds(failed(Reason.DatabaseAhead, List.of("c3"), List.of("c3")))
                    .databaseIsAt("c3")
                    .happens();
            assertThat(ahead.message()).contains("(the operator's policy lets no more than downgrade: Requested");
            assertThat(leave(settledAt("c3")
                            .target("a1")
                            .downgrade(DowngradePolicy.Always)
                            .policy(policy)
                            .databaseIsAt("c3")))
                    .isEqualTo(Downgrade.Allowed);
        }

        @Test
        void aPolicyForOtherNamespacesChangesNothing() {
            assertThat(leave(at("c3").target("a1")
                            .downgrade(DowngradePolicy.Always)
                            .policy("[{\"namespaces\": [\"production-*\"], \"greatestDowngrade\": \"Never\"}]")))
                    .isEqualTo(Downgrade.Allowed);
        }

        @Test
        void goesOnDownFromWhereItsOwnAttemptStoppedHalfWay() {
            Situation situation = settledAt("c3").target("a1").databaseIsAt("c3");
            situation.happens();
            situation
                    .later(SECOND)
                    .attemptEnds(failed(Reason.LockTimeout, List.of("c3"), List.of("b2")))
                    .databaseIsAt("b2")
                    .happens();
            assertThat(leave(situation.later(MINUTE).databaseIsAt("b2"))).isEqualTo(Downgrade.Allowed);
        }

        @Test
        void goesOnDownFromWhereItsOwnAttemptDiedWhileTheDatabaseWasAway() {
            Situation situation = settledAt("c3").target("a1").databaseIsAt("c3");
            situation.happens();
            situation
                    .later(SECOND)
                    .attemptDies(Reason.Interrupted, true)
                    .databaseIsUnreachable()
                    .happens();
            assertThat(situation.reason()).isEqualTo("DatabaseUnreachable");
            situation.later(MINUTE).databaseIsAt("c3").happens();
            assertThat(leave(situation.later(MINUTE).databaseIsAt("c3"))).isEqualTo(Downgrade.Allowed);
        }

        @Test
        void doesNotGoOnDownFromWhereAnAttemptNeverBegan() {
            Situation situation = settledAt("c3").target("a1").databaseIsAt("c3");
            situation.happens();
            situation
                    .later(SECOND)
                    .attemptEnds(failed(Reason.LockTimeout, null, List.of("d4")))
                    .databaseIsAt("d4")
                    .happens();
            assertThat(leave(situation.later(MINUTE).databaseIsAt("d4")))
                    .as("somebody else moved it while the attempt waited")
                    .isEqualTo(Downgrade.NotRequested);
        }

        @Test
        void doesNotGoOnDownFromWhereADeadAttemptMayNotHaveLeftIt() {
            Situation situation = settledAt("c3").target("a1").databaseIsAt("c3");
            situation.happens();
            situation
                    .later(SECOND)
                    .attemptDies(Reason.Interrupted, true)
                    .databaseIsAt("b2")
                    .happens();
            assertThat(leave(situation.later(MINUTE).databaseIsAt("b2"))).isEqualTo(Downgrade.NotRequested);
        }

        @Test
        void doesNotGoOnDownWhereSomebodyMovedItMeanwhile() {
            Situation situation = settledAt("c3").target("a1").databaseIsAt("c3");
            situation.happens();
            situation
                    .later(SECOND)
                    .attemptEnds(failed(Reason.LockTimeout, List.of("c3"), List.of("b2")))
                    .databaseIsAt("b2")
                    .happens();
            assertThat(leave(situation.later(MINUTE).databaseIsAt("b2x"))).isEqualTo(Downgrade.NotRequested);
        }

        @Test
        void anUpgradeThatStoppedHalfWayGivesNoLeave() {
            Situation situation =
                    settledAt("a1").downgrade(DowngradePolicy.Never).target("c3");
            situation.databaseIsAt("a1").happens();
            situation
                    .attemptEnds(failed(Reason.MigrationFailed, List.of("b2")))
                    .databaseIsAt("b2")
                    .happens();
            assertThat(leave(situation
                            .downgrade(DowngradePolicy.Requested)
                            .target("base")
                            .databaseIsAt("b2")))
                    .isEqualTo(Downgrade.NotRequested);
        }

        @Test
        void theWayBackIsOpenFromATargetThatChangedWhileItWasBeingReached() {
            Situation situation = runningFromA1ToB2().target("a1");
            situation.attemptEnds(succeeded(List.of("a1"), List.of("b2"))).databaseIsAt("b2");
            assertThat(situation.happens()).isInstanceOf(TakeIn.class);
            assertThat(leave(situation)).isEqualTo(Downgrade.Allowed);
        }
    }

    /** Rule 2: what runs ends by itself, whatever the spec says by now. */
    @Nested
    class WhileAnAttemptIsUnderWay {

        @Test
        void neverStartsASecond() {
            Situation situation = runningFromA1ToB2().target("c3").databaseIsAt("a1");
            awaits(situation.decides(), Reason.Applying);
        }

        @Test
        void alsoWaitsForAnOlderOneThatStillRuns() {
            Situation situation = runningFromA1ToB2();
            var older = situation.attempts.getFirst();
            situation.attemptEnds(failed(Reason.LockTimeout, List.of("a1")));
            situation.attempts.add(older);
            awaits(situation.databaseIsAt("a1").decides(), Reason.Applying);
        }

        @Test
        void adoptsWhatAnOperatorBeforeItStarted() {
            Situation situation = runningFromA1ToB2().operatorRestarts();
            awaits(situation.happens(), Reason.Applying);
            assertThat(situation.status.attempt()).isNotNull().returns(1, attempt -> attempt.number());
        }

        @Test
        void saysThatTheNodeIsSilentAndWhatToDo() {
            Situation situation = runningFromA1ToB2();
            situation.attemptIs(new Running(new Unheard("shop-1-x", "node-2", situation.now)));
            awaits(situation.decides(), Reason.Applying);

            assertThat(awaits(situation.later(Duration.ofSeconds(20)).decides(), Reason.WaitingForPod)
                            .message())
                    .contains("node node-2 has not been heard of since")
                    .contains("kubectl delete job/trig-")
                    .contains(" pod/shop-1-x --namespace ")
                    .contains("nothing else is started");
        }

        @Test
        void saysWhatThePodWaitsFor() {
            Situation situation = runningFromA1ToB2();
            awaits(situation.attemptIs(new NoPod()).decides(), Reason.Applying);
            awaits(situation.attemptIs(new Waiting(null)).decides(), Reason.Applying);
            assertThat(awaits(
                                    situation
                                            .attemptIs(new Waiting("ImagePullBackOff: not found"))
                                            .decides(),
                                    Reason.WaitingForPod)
                            .message())
                    .contains("not found");
            assertThat(awaits(
                                    situation
                                            .attemptIs(new Rejected("exceeded quota"))
                                            .decides(),
                                    Reason.PodRejected)
                            .message())
                    .contains("exceeded quota");
        }

        @Test
        void saysHowFarItIs() {
            Situation situation = runningFromA1ToB2()
                    .databaseIsBusyAt("dbmigrations/" + UID + "/1/3of12", new Progress.Executed(3, 12), "a1");
            assertThat(awaits(situation.happens(), Reason.Applying).message()).contains("3 of 12");
            assertThat(situation.status.attempt()).isNotNull().returns(3, attempt -> attempt.stepsExecuted());
        }

        @Test
        void saysWhoHasTheLockThatItWaitsFor() {
            Situation situation = runningFromA1ToB2().databaseIsBusyAt("psql", new Progress.Waiting(), "a1");
            assertThat(awaits(situation.decides(), Reason.WaitingForLock).message())
                    .contains("4711")
                    .contains("psql");
        }

        @ParameterizedTest
        @ValueSource(strings = {"", "/waiting", "/0of3"})
        void itsOwnSessionIsNobodyToWaitFor(String tail) {
            Situation situation = runningFromA1ToB2()
                    .databaseIsBusyAt("dbmigrations/" + UID + "/1" + tail, new Progress.Waiting(), "a1");
            awaits(situation.decides(), Reason.Applying);
        }

        @Test
        void itsTwelfthAttemptIsNotItsFirst() {
            Situation situation = runningFromA1ToB2()
                    .databaseIsBusyAt("dbmigrations/" + UID + "/12/waiting", new Progress.Waiting(), "a1");
            awaits(situation.decides(), Reason.WaitingForLock);
        }

        @Test
        void anUnreachableDatabaseIsNoReasonToDoubtIt() {
            awaits(runningFromA1ToB2().databaseIsUnreachable().decides(), Reason.Applying);
        }

        @ParameterizedTest
        @CsvSource({"true", "false"})
        void givesUpAJobForAnOlderSpecThatMightWaitForEver(boolean hasPod) {
            Situation situation = runningFromA1ToB2()
                    .attemptIs(hasPod ? new Waiting("ImagePullBackOff") : new Rejected("exceeded quota"))
                    .target("c3")
                    .databaseIsAt("a1");
            assertThat(situation.happens()).isInstanceOf(Discard.class);
            assertThat(started(situation.decides()).number()).isEqualTo(2);
        }

        /** The cluster may show a container as not yet there that has ended already: its word would be lost. */
        @ParameterizedTest
        @CsvSource({"true", "false"})
        void waitsForAJobForAnOlderSpecThatMayStartAtAnyMoment(boolean hasPod) {
            Situation situation = runningFromA1ToB2()
                    .attemptIs(hasPod ? new Waiting(null) : new NoPod())
                    .target("c3")
                    .databaseIsAt("b2");
            awaits(situation.decides(), Reason.Applying);
        }

        @Test
        void saysWhichStepItIsAtAndWhatKeepsItWaiting() {
            Progress.Executed progress = new Progress.Executed(
                    3,
                    12,
                    Optional.of("b2"),
                    Optional.of(new Progress.Blocker(
                            4711,
                            "monthly report",
                            Optional.of(Instant.parse("2026-01-02T03:04:05.678Z")),
                            Optional.of("public.orders"))),
                    Optional.of(new Progress.IndexBuild("public.orders", "building index", Optional.of(47))));
            Situation situation =
                    runningFromA1ToB2().databaseIsBusyAt("dbmigrations/" + UID + "/1/3of12", progress, "a1");
            assertThat(awaits(situation.happens(), Reason.Applying).message())
                    .endsWith(
                            "3 of 12 revisions executed, now b2; it waits for a lock on public.orders that session 4711"
                                    + " (monthly report) has, whose statement began at 2026-01-02T03:04:05Z;"
                                    + " index on public.orders: building index, 40 %");
        }

        @ParameterizedTest(name = "the caches show a pod: {0}")
        @ValueSource(booleans = {true, false})
        void letsARunEndOfWhichOnlyTheDatabaseShowsThatItHasStarted(boolean hasPod) {
            Situation situation = runningFromA1ToB2()
                    .attemptIs(hasPod ? new Waiting(null) : new NoPod())
                    .target("c3")
                    .databaseIsBusyAt("dbmigrations/" + UID + "/1/1of3", new Progress.Executed(1, 3), "a1");
            assertThat(awaits(situation.happens(), Reason.Applying).message()).contains("1 of 3 revisions executed");
        }

        @Test
        void saysThatThePodCannotStartWithoutItsSecret() {
            Situation situation =
                    runningFromA1ToB2().attemptIs(new Waiting(null)).secretIsMissing();
            assertThat(awaits(situation.decides(), Reason.WaitingForPod).message())
                    .contains("cannot start: there is no Secret trig-db");
        }

        @Test
        void waitsForThePodOfTheSpecAsItIs() {
            Situation situation = runningFromA1ToB2()
                    .attemptIs(new Waiting("ImagePullBackOff"))
                    .later(Duration.ofHours(5));
            awaits(situation.decides(), Reason.WaitingForPod);
        }
    }

    /** The database knows the end before the cluster does. */
    @Nested
    class AtTargetBeforeTheContainersEnd {

        @Test
        void isReadyAtOnce() {
            Situation situation = runningFromA1ToB2().databaseIsAt("b2");
            assertThat(situation.happens()).isInstanceOf(Settle.class);
            assertThat(situation.ready()).isTrue();
        }

        @Test
        void isNotWhileSomebodyWorksInIt() {
            awaits(
                    runningFromA1ToB2()
                            .databaseIsBusyAt("dbmigrations/" + UID + "/1/1of1", new Progress.Executed(1, 1), "b2")
                            .decides(),
                    Reason.Applying);
        }

        @Test
        void isNotWithAnInvalidIndex() {
            awaits(
                    runningFromA1ToB2()
                            .databaseHasInvalidIndexAt("public.tlog_score", "b2")
                            .decides(),
                    Reason.Applying);
        }

        @Test
        void isNotByAReadingFromBeforeTheAttempt() {
            awaits(
                    runningFromA1ToB2()
                            .databaseWasAt(SECOND.multipliedBy(5), "b2")
                            .decides(),
                    Reason.Applying);
        }

        @Test
        void isNotForAnAttemptThatOnlyComesByThere() {
            Situation situation = runningFromA1ToB2().target("a2").later(SECOND).databaseIsAt("a2");
            awaits(situation.decides(), Reason.Applying);
        }

        @Test
        void isNotForASpecThatChangedSinceTheReading() {
            Situation situation =
                    runningFromA1ToB2().databaseIsAt("c3").later(SECOND).target("c3");
            awaits(situation.decides(), Reason.Applying);
        }

        @Test
        void staysReadyWhileThePodEnds() {
            Situation situation = runningFromA1ToB2().databaseIsAt("b2");
            situation.happens();
            situation.reading = null;
            assertThat(situation.decides()).isInstanceOf(Look.class);
            situation.happens();
            assertThat(situation.ready()).isTrue();
        }

        @Test
        void theEndIsTakenInWhenTheContainerTellsIt() {
            Situation situation = runningFromA1ToB2().databaseIsAt("b2");
            situation.happens();
            situation
                    .later(SECOND)
                    .attemptEnds(succeeded(List.of("a1"), List.of("b2")))
                    .databaseIsAt("b2")
                    .happens();
            assertThat(situation.ready()).isTrue();
            assertThat(situation.status.history()).hasSize(1);
        }
    }

    /** Rules 3 and 8: what a run says is held against the database. */
    @Nested
    class WhenAnAttemptIsOver {

        @Test
        void looksAtTheDatabaseAfterTheEnd() {
            Situation situation = runningFromA1ToB2()
                    .databaseIsAt("a1")
                    .later(SECOND)
                    .attemptEnds(succeeded(List.of("a1"), List.of("b2")));
            assertThat(situation.decides()).isInstanceOf(Look.class);
        }

        @Test
        void isDoneWhenTheDatabaseSaysSo() {
            Situation situation = runningFromA1ToB2()
                    .attemptEnds(succeeded(List.of("a1"), List.of("b2")))
                    .databaseIsAt("b2");
            assertThat(situation.happens())
                    .asInstanceOf(type(Settle.class))
                    .returns(true, settle -> settle.ended().isPresent());
        }

        @Test
        void aSuccessThatTheDatabaseDeniesIsNone() {
            Situation situation = runningFromA1ToB2()
                    .attemptEnds(succeeded(List.of("a1"), List.of("b2")))
                    .databaseIsAt("a1");
            fails(situation.happens(), Reason.Interrupted);
            assertThat(situation.ready()).isFalse();
            assertThat(situation.message()).contains("said success, but the version table says a1");
            assertThat(situation.decides()).as("at once").isNotInstanceOf(Start.class);
            assertThat(started(situation.later(MINUTE).databaseIsAt("a1").decides())
                            .number())
                    .isEqualTo(2);
        }

        @Test
        void aSuccessWithRowsThatCannotBeTheTargetIsALie() {
            Situation situation = new Situation().target("b2").databaseIsAt();
            situation.happens();
            situation.attemptEnds(succeeded(List.of(), List.of())).databaseIsAt();
            fails(situation.happens(), Reason.NotApplied);
            assertThat(situation.later(MINUTE).databaseIsAt().decides())
                    .as("it would say the same again")
                    .isNotInstanceOf(Start.class);
        }

        @Test
        void aSuccessAfterWhichSomebodyMovedTheDatabaseIsTakenIn() {
            Situation situation = runningFromA1ToB2()
                    .attemptEnds(succeeded(List.of("a1"), List.of("b2")))
                    .databaseIsAt("z9");
            assertThat(situation.happens()).isInstanceOf(TakeIn.class);
            assertThat(situation.ready()).isFalse();
        }

        @Test
        void aSuccessForAnOlderSpecIsNotTheNewOnes() {
            Situation situation = runningFromA1ToB2().databaseIsAt("b2");
            situation.happens();
            situation
                    .target("c3")
                    .attemptEnds(succeeded(List.of("a1"), List.of("b2")))
                    .databaseIsAt("b2");
            assertThat(situation.happens()).isInstanceOf(TakeIn.class);
            assertThat(situation.ready()).as("Ready of the new generation").isFalse();
        }

        @Test
        void aSuccessStaysUnsaidWhileTheDatabaseDoesNotAnswer() {
            Situation situation = runningFromA1ToB2()
                    .attemptEnds(succeeded(List.of("a1"), List.of("b2")))
                    .later(SECOND)
                    .databaseIsUnreachable();
            fails(situation.happens(), Reason.DatabaseUnreachable);
            fails(situation.databaseRefuses().decides(), Reason.CredentialsRefused);
            fails(situation.secretIsInvalid().decides(), Reason.CredentialsInvalid);
            fails(situation.secretIsMissing().decides(), Reason.CredentialsNotFound);
            assertThat(situation
                            .secretChanges("9")
                            .later(MINUTE)
                            .databaseIsAt("b2")
                            .happens())
                    .isInstanceOf(Settle.class);
        }

        @Test
        void aFailureIsSaidEvenThen() {
            fails(
                    runningFromA1ToB2()
                            .attemptEnds(failed(Reason.MigrationFailed, List.of("a1")))
                            .databaseIsUnreachable()
                            .decides(),
                    Reason.MigrationFailed);
        }

        @Test
        void aFailureAtTheTargetIsNone() {
            assertThat(runningFromA1ToB2()
                            .attemptEnds(failed(Reason.DatabaseUnreachable, null))
                            .databaseIsAt("b2")
                            .decides())
                    .as("the connection was lost after the commit")
                    .isInstanceOf(Settle.class);
        }

        @Test
        void aRunFromRowsThatHadMovedDecidesAnew() {
            Situation situation =
                    runningFromA1ToB2().attemptEnds(superseded("a0")).databaseIsAt("a0");
            assertThat(situation.happens()).isInstanceOf(TakeIn.class);
            assertThat(situation.decides()).isInstanceOf(Start.class);
        }

        @Test
        void aRunThatSeesOtherRowsThanTheOperatorIsNoSpin() {
            Situation situation =
                    runningFromA1ToB2().attemptEnds(superseded("a0")).databaseIsAt("a1");
            assertThat(fails(situation.happens(), Reason.Interrupted).failure().retryAt())
                    .isAfter(situation.now);
            fails(situation.decides(), Reason.Interrupted);
        }

        @ParameterizedTest
        @EnumSource(names = {"AtTarget", "Applying", "Suspended", "Unknown"})
        void onlyAFailureIsBelievedOfARun(Reason said) {
            fails(
                    runningFromA1ToB2()
                            .attemptEnds(failed(said, List.of("a1")))
                            .databaseIsAt("a1")
                            .decides(),
                    Reason.EnvironmentFailed);
        }
    }

    /** Rule 10. */
    @Nested
    class WhenAnAttemptDied {

        private final Situation situation = runningFromA1ToB2();

        private Situation died(boolean started) {
            return situation.attemptDies(Reason.Interrupted, started).databaseIsAt("a1");
        }

        @Test
        void isTriedAgainAndTheRunToldOfIt() {
            fails(died(true).happens(), Reason.Interrupted);
            assertThat(started(situation.later(MINUTE).databaseIsAt("a1").decides())
                            .afterInterruption())
                    .isTrue();
        }

        @Test
        void aContainerThatNeverStartedInterruptedNothing() {
            fails(died(false).happens(), Reason.Interrupted);
            assertThat(started(situation.later(MINUTE).databaseIsAt("a1").decides())
                            .afterInterruption())
                    .isFalse();
        }

        @Test
        void isRememberedOverAttemptsThatNeverCameToLook() {
            died(true).happens();
            situation.later(MINUTE).databaseIsAt("a1").happens();
            situation
                    .attemptEnds(failed(Reason.LockTimeout, List.of("a1")))
                    .databaseIsAt("a1")
                    .happens();
            assertThat(started(situation.later(MINUTE).databaseIsAt("a1").decides())
                            .afterInterruption())
                    .isTrue();
        }

        @Test
        void isSettledByADatabaseAtItsTarget() {
            died(true).databaseIsAt("b2");
            assertThat(situation.happens()).isInstanceOf(Settle.class);
            assertThat(started(situation.target("c3").databaseIsAt("b2").decides())
                            .afterInterruption())
                    .as("every step has its row")
                    .isFalse();
        }

        @Test
        void isNotSettledByAnotherTarget() {
            died(true).happens();
            situation.target("a1").later(SECOND).databaseIsAt("a1");
            assertThat(situation.happens()).isInstanceOf(Settle.class);
            assertThat(started(situation.target("b2").databaseIsAt("a1").decides())
                            .afterInterruption())
                    .as("what was interrupted on the way to b2 is there still")
                    .isTrue();
        }

        @Test
        void isNotSettledByAnAttemptForAnotherTarget() {
            died(true).happens();
            situation.target("a9").later(SECOND).databaseIsAt("a1").happens();
            situation
                    .attemptEnds(succeeded(List.of("a1"), List.of("a9")))
                    .databaseIsAt("a9")
                    .happens();
            assertThat(started(situation.target("b2").databaseIsAt("a9").decides())
                            .afterInterruption())
                    .isTrue();
        }

        @Test
        void anInvalidIndexAtTheTargetIsForAPersonToLookAt() {
            died(true).databaseHasInvalidIndexAt("public.tlog_score", "b2");
            assertThat(fails(situation.happens(), Reason.PartiallyApplied)
                            .failure()
                            .message())
                    .contains("public.tlog_score");
            fails(situation.later(MINUTE).databaseIsAt("b2").happens(), Reason.PartiallyApplied);
            assertThat(situation
                            .setsRetryAnnotation("looked at it")
                            .databaseIsAt("b2")
                            .decides())
                    .isInstanceOf(Settle.class);
        }

        @Test
        void aPersonsWordEndsTheDoubt() {
            died(true).happens();
            assertThat(started(situation
                                    .setsRetryAnnotation("looked at it")
                                    .databaseIsAt("a1")
                                    .decides())
                            .afterInterruption())
                    .isFalse();
        }

        @Test
        void aPersonsWordIsNotLostInAnOutage() {
            died(true).happens();
            situation
                    .setsRetryAnnotation("looked at it")
                    .databaseIsUnreachable()
                    .happens();
            assertThat(started(situation.databaseIsAt("a1").decides()).afterInterruption())
                    .isFalse();
        }
    }

    /** Failures that stand, and what lets go of them. */
    @Nested
    class AFailure {

        @ParameterizedTest
        @EnumSource
        void standsWhileNothingChanges(Reason reason) {
            if (reason.kind().fails() && reason != Reason.Unknown) {
                Situation situation = failedAtA1(reason);
                fails(situation.later(SECOND).databaseIsAt("a1").decides(), reason);
            }
        }

        @ParameterizedTest
        @EnumSource
        void thatStallsStandsForEver(Reason reason) {
            if (reason.kind().stalls() && reason != Reason.Unknown) {
                Situation situation = failedAtA1(reason).later(Duration.ofDays(400));
                fails(situation.databaseIsAt("a1").decides(), reason);
            }
        }

        @ParameterizedTest
        @EnumSource(names = {"LockTimeout", "Interrupted", "DatabaseUnreachable", "CredentialsRefused"})
        void thatPassesIsTriedAgainWhenItsTimeComes(Reason reason) {
            Situation situation = failedAtA1(reason);
            assertThat(situation.failure().retryAt()).isNotNull();
            assertThat(situation
                            .later(SECOND.multipliedBy(3))
                            .databaseIsAt("a1")
                            .decides())
                    .isInstanceOf(Start.class);
        }

        /** As where the pod says what it left behind, and is removed before its Job has noticed that. */
        @Test
        void standsWhenThePodIsRemovedThatToldOfIt() {
            Situation situation = failedAtA1(Reason.PartiallyApplied)
                    .attemptIs(new NoPod())
                    .later(SECOND)
                    .databaseIsAt("a1");
            fails(situation.happens(), Reason.PartiallyApplied);
            situation.attemptDies(Reason.Interrupted, true).later(MINUTE);
            fails(situation.databaseIsAt("a1").happens(), Reason.PartiallyApplied);
        }

        @Test
        void thatNobodyCanWriteThereIsTriedAgainWhenSomebodyCanAndNotBefore() {
            Situation situation = runningFromA1ToB2()
                    .attemptEnds(failedBy(
                            Reason.DatabaseUnreachable, "read-only", new RunResult.Failure("b2", "25006", null)))
                    .databaseIsReadOnlyAt("a1");
            situation.happens();
            fails(situation.later(MINUTE).databaseIsReadOnlyAt("a1").decides(), Reason.DatabaseUnreachable);
            assertThat(situation.databaseIsAt("a1").decides()).isInstanceOf(Start.class);
        }

        /** An env.py may do that itself: then the database's word is no reason to try at once. */
        @Test
        void thatNobodyCanWriteThereWaitsForItsTimeWhereTheDatabaseSaysOtherwise() {
            Situation situation = runningFromA1ToB2()
                    .attemptEnds(failedBy(
                            Reason.DatabaseUnreachable, "read-only", new RunResult.Failure("b2", "25006", null)))
                    .databaseIsAt("a1");
            situation.happens();
            fails(situation.later(SECOND).databaseIsAt("a1").decides(), Reason.DatabaseUnreachable);
        }

        @Test
        void isTriedAgainAtOnceWhereTheDatabaseWasAwayForLongSinceThen() {
            Situation situation = runningFromA1ToB2()
                    .attemptEnds(failed(Reason.DatabaseUnreachable, null))
                    .databaseIsUnreachable();
            situation.happens();
            situation.later(MINUTE).databaseIsAt("a1").happens();
            assertThat(situation.decides()).isInstanceOf(Start.class);
        }

        @Test
        void isNotKeptByAClockThatWasAheadOfThisOne() {
            Situation situation = failedAtA1(Reason.Interrupted).later(Duration.ofHours(-1));
            assertThat(situation.operatorRestarts().databaseIsAt("a1").decides())
                    .isInstanceOf(Start.class);
        }

        @Test
        void inARowIsTriedAgainAfterALongerAndLongerPause() {
            Situation situation = failedAtA1(Reason.LockTimeout);
            for (int i = 2; i < 9; i++) {
                situation.later(MINUTE).databaseIsAt("a1").happens();
                situation
                        .attemptEnds(failed(Reason.LockTimeout, List.of("a1")))
                        .databaseIsAt("a1")
                        .happens();
                assertThat(situation.failure().count()).isEqualTo(i);
            }
            assertThat(situation.failure().retryAt()).isAfter(situation.now.plusSeconds(40));
        }

        @Test
        void isLetGoByAChangeOfSpec() {
            assertThat(failedAtA1(Reason.MigrationFailed)
                            .image("registry.example.com/mended:1")
                            .decides())
                    .isInstanceOf(Start.class);
        }

        @Test
        void isLetGoByANewValueOfTheRetryAnnotationOnce() {
            Situation situation = failedAtA1(Reason.PartiallyApplied).setsRetryAnnotation("1");
            assertThat(started(situation.happens()).retry()).isTrue();
            situation
                    .attemptEnds(failed(Reason.PartiallyApplied, List.of("a1")))
                    .databaseIsAt("a1")
                    .happens();
            fails(situation.decides(), Reason.PartiallyApplied);
        }

        @Test
        void isLetGoWhenTheRowsAreNoLongerWhatTheyWere() {
            assertThat(failedAtA1(Reason.MigrationFailed).databaseIsAt("a0").decides())
                    .isInstanceOf(Start.class);
        }

        @ParameterizedTest
        @CsvSource({
            "CredentialsInvalid, true",
            "CredentialsRefused, true",
            "LockTimeout, true",
            "MigrationFailed, false"
        })
        void isLetGoByAChangedSecretWhereThatMatters(Reason reason, boolean matters) {
            Decision decision = failedAtA1(reason).secretChanges("2").decides();
            if (matters) {
                started(decision);
            } else {
                fails(decision, reason);
            }
        }

        @Test
        void saysMoreThanThatTheDatabaseIsAwayJustNow() {
            fails(failedAtA1(Reason.MigrationFailed).databaseIsUnreachable().decides(), Reason.MigrationFailed);
            fails(failedAtA1(Reason.MigrationFailed).secretIsMissing().decides(), Reason.MigrationFailed);
        }

        @Test
        void isForgottenAtTheTarget() {
            Situation situation = failedAtA1(Reason.MigrationFailed).databaseIsAt("b2");
            assertThat(situation.happens()).isInstanceOf(Settle.class);
            assertThat(situation.status.lastFailure()).isNull();
        }

        @Test
        void thatLeftSomethingBehindStandsEvenAtTheTarget() {
            Situation situation = runningFromA1ToB2()
                    .attemptEnds(failed(Reason.PartiallyApplied, List.of("b2")))
                    .databaseIsAt("b2");
            fails(situation.happens(), Reason.PartiallyApplied);
            fails(situation.later(MINUTE).databaseIsAt("b2").decides(), Reason.PartiallyApplied);
        }

        @Test
        void thatLeftSomethingBehindIsNotLetGoByASpecFromBeforeIt() {
            Situation situation = runningFromA1ToB2()
                    .target("c3")
                    .attemptEnds(failed(Reason.PartiallyApplied, List.of("a1")))
                    .databaseIsAt("a1");
            fails(situation.happens(), Reason.PartiallyApplied);
            fails(situation.decides(), Reason.PartiallyApplied);
        }

        @Test
        void ofAnOlderSpecDoesNotHoldUpTheNewOne() {
            Situation situation = runningFromA1ToB2()
                    .target("c3")
                    .attemptEnds(failed(Reason.MigrationFailed, List.of("a1")))
                    .databaseIsAt("a1");
            situation.happens();
            assertThat(situation.decides()).isInstanceOf(Start.class);
        }

        @Test
        void isNotLetGoByLearningWhereTheVersionTableIs() {
            Situation situation = new Situation().databaseHasNoVersionTable();
            situation.happens();
            situation
                    .attemptEnds(failed(Reason.PartiallyApplied, List.of("a1")))
                    .databaseIsAtInTable("elsewhere")
                    .happens();
            fails(situation.databaseIsAt("a1").decides(), Reason.PartiallyApplied);
        }
    }
}
