package dev.dbmigrations.reconcile;

import static dev.dbmigrations.reconcile.Situation.planned;
import static dev.dbmigrations.reconcile.Situation.succeeded;
import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.ApprovalPolicy;
import dev.dbmigrations.api.DowngradePolicy;
import dev.dbmigrations.api.Mode;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.job.SeenAttempt.Kind;
import dev.dbmigrations.job.SeenAttempt.Running;
import dev.dbmigrations.job.SeenAttempt.Waiting;
import dev.dbmigrations.reconcile.Decision.AwaitApproval;
import dev.dbmigrations.reconcile.Decision.Fail;
import dev.dbmigrations.reconcile.Decision.KeepPlan;
import dev.dbmigrations.reconcile.Decision.PlanAnew;
import dev.dbmigrations.reconcile.Decision.Settle;
import dev.dbmigrations.reconcile.Decision.ShowPlan;
import dev.dbmigrations.reconcile.Decision.Start;
import dev.dbmigrations.reconcile.Decision.TakeIn;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Rule 7: what is planned before it is run, and what waits for a person. */
@NullMarked
class PlanningTest {

    /** A database at a1 that is wanted at b2, with that much care. */
    private static Situation wanting(Mode mode, ApprovalPolicy approval) {
        return new Situation().mode(mode).approval(approval).databaseIsAt("a1");
    }

    /** The same, with its plan rendered and kept. */
    private static Situation planKept(Mode mode, ApprovalPolicy approval, boolean destructive) {
        Situation situation = wanting(mode, approval);
        situation.destructive = destructive;
        return rendered(situation, "a1");
    }

    private static Situation rendered(Situation situation, String from) {
        assertThat(start(situation.happens()).kind()).isEqualTo(Kind.Plan);
        situation
                .attemptIs(new Running())
                .later(Duration.ofSeconds(1))
                .attemptEnds(planned(List.of(from), List.of("b2")))
                .databaseIsAt(from);
        assertThat(situation.happens()).isInstanceOf(KeepPlan.class);
        return situation;
    }

    private static Start start(Decision decision) {
        assertThat(decision).isInstanceOf(Start.class);
        return (Start) decision;
    }

    @Test
    void neverMakesAPlanThatNobodyAskedFor() {
        Start start = start(wanting(Mode.Apply, ApprovalPolicy.Never).happens());

        assertThat(start.kind()).isEqualTo(Kind.Apply);
        assertThat(start.go()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(
            value = ApprovalPolicy.class,
            names = {"Destructive", "Always"})
    void plansBeforeItRunsWhatMayNeedAnApproval(ApprovalPolicy approval) {
        Situation situation = wanting(Mode.Apply, approval);

        assertThat(start(situation.happens()).kind()).isEqualTo(Kind.Plan);
        assertThat(situation.reason()).isEqualTo("Planning");
        assertThat(situation.message()).contains("from a1 to b2").contains("runs nothing");
    }

    @Test
    void theOperatorsPolicyAsksForAPersonWhereTheResourceDoesNot() {
        Situation situation = wanting(Mode.Apply, ApprovalPolicy.Never)
                .policy("[{\"namespaces\": [\"production\"], \"leastApproval\": \"Always\"}]");
        rendered(situation, "a1");

        situation.happens();

        assertThat(situation.reason()).isEqualTo("AwaitingApproval");
    }

    @Test
    void showsThePlanAndRestsInModePlan() {
        Situation situation = planKept(Mode.Plan, ApprovalPolicy.Never, true);

        assertThat(situation.happens()).isInstanceOf(ShowPlan.class);
        assertThat(situation.ready()).isTrue();
        assertThat(situation.reason()).isEqualTo("Planned");
        assertThat(situation.message())
                .isEqualTo("the plan has 1 step up to b2, 1 of which destroy data, or may (b2: drops column user.name);"
                        + " the SQL is in ConfigMap trig-plan-hash-1");
        situation.later(Duration.ofHours(1));
        assertThat(situation.happens()).isInstanceOf(ShowPlan.class);
    }

    @Test
    void neverRunsInModePlanThoughItIsApproved() {
        Situation situation = planKept(Mode.Plan, ApprovalPolicy.Always, false).approves("hash-1");

        assertThat(situation.happens()).isInstanceOf(ShowPlan.class);
    }

    @Test
    void waitsWithTheCommandThatApproves() {
        Situation situation = planKept(Mode.Apply, ApprovalPolicy.Always, false);

        assertThat(situation.happens()).isInstanceOf(AwaitApproval.class);
        assertThat(situation.reason()).isEqualTo("AwaitingApproval");
        assertThat(situation.status.condition("Reconciling")).isPresent();
        assertThat(situation.message())
                .contains("plan hash-1 waits")
                .contains("1 step up to b2, none of which destroys data")
                .contains("\"migration\":\"trig\"", "\"planHash\":\"hash-1\"", "\"namespace\":\"production\"")
                .endsWith("| kubectl create -f -");
    }

    @Test
    void letsAHarmlessPlanThroughWhereOnlyDestructiveOnesWait() {
        Situation situation = planKept(Mode.Apply, ApprovalPolicy.Destructive, false);

        Start start = start(situation.happens());

        assertThat(start.kind()).isEqualTo(Kind.Apply);
        assertThat(start.go().orElseThrow().approval()).isEmpty();
    }

    @Test
    void stopsADestructivePlan() {
        assertThat(planKept(Mode.Apply, ApprovalPolicy.Destructive, true).happens())
                .isInstanceOf(AwaitApproval.class);
    }

    @Test
    void runsWhatWasApprovedAndRemembersWhoApprovedIt() {
        Situation situation = planKept(Mode.Apply, ApprovalPolicy.Always, true);
        situation.happens();
        situation.approves("hash-1");

        Start start = start(situation.happens());
        assertThat(start.kind()).isEqualTo(Kind.Apply);
        assertThat(start.go().orElseThrow().plan().imageDigest()).isEqualTo(Situation.DIGEST);
        assertThat(start.reading().revisions()).containsExactly("a1");

        situation
                .attemptIs(new Running())
                .later(Duration.ofSeconds(1))
                .attemptEnds(succeeded(List.of("a1"), List.of("b2")))
                .databaseIsAt("b2");
        assertThat(situation.happens()).isInstanceOf(Settle.class);
        assertThat(Objects.requireNonNull(situation.status.history()).getFirst().approvedBy())
                .isEqualTo("ada@example.com");
    }

    @Test
    void anApprovalOfAnotherPlanIsNoApproval() {
        assertThat(planKept(Mode.Apply, ApprovalPolicy.Always, false)
                        .approves("hash-0")
                        .approves("")
                        .happens())
                .isInstanceOf(AwaitApproval.class);
    }

    static Stream<Arguments> moves() {
        return Stream.of(
                moved("target", situation -> situation.target("c3")),
                moved("image", situation -> situation.image(Situation.IMAGE + "-hotfix")),
                moved("rows", situation -> situation.databaseIsAt("a0")),
                moved(
                        "database",
                        situation -> situation.databaseIsRestoredElsewhere().databaseIsAt("a1")),
                moved("stored plan", Situation::planIsDeleted));
    }

    private static Arguments moved(String what, Consumer<Situation> move) {
        return Arguments.of(what, move);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("moves")
    void plansAgainWhenItsWorldMovesAndRunsNothing(String what, Consumer<Situation> move) {
        Situation situation = planKept(Mode.Apply, ApprovalPolicy.Always, true).approves("hash-1");

        move.accept(situation);

        Start start = start(situation.happens());
        assertThat(start.kind()).isEqualTo(Kind.Plan);
        assertThat(start.go()).isEmpty();
    }

    @Test
    void otherSettingsLeaveThePlanAsItIs() {
        Situation situation = planKept(Mode.Apply, ApprovalPolicy.Always, true);

        situation.downgrade(DowngradePolicy.Never);

        assertThat(situation.happens()).isInstanceOf(AwaitApproval.class);
    }

    @Test
    void goesOnUnderTheSameApprovalWhileNothingMoved() {
        Situation situation = planKept(Mode.Apply, ApprovalPolicy.Always, true).approves("hash-1");
        situation.happens();
        situation
                .attemptIs(new Running())
                .later(Duration.ofSeconds(1))
                .attemptEnds(Situation.failed(Reason.LockTimeout, List.of("a1")))
                .databaseIsAt("a1");
        assertThat(situation.happens()).isInstanceOf(Fail.class);

        situation.later(Duration.ofMinutes(2)).databaseIsAt("a1");

        assertThat(start(situation.happens()).go().orElseThrow().plan().hash()).isEqualTo("hash-1");
    }

    @Test
    void plansTheRestWhenAnApprovedRunCameHalfWay() {
        Situation situation = planKept(Mode.Apply, ApprovalPolicy.Always, true).approves("hash-1");
        situation.happens();
        situation
                .attemptIs(new Running())
                .later(Duration.ofSeconds(1))
                .attemptEnds(Situation.failed(Reason.LockTimeout, List.of("a1"), List.of("a2")))
                .databaseIsAt("a2");
        situation.happens();

        situation.later(Duration.ofMinutes(2)).databaseIsAt("a2");

        assertThat(start(situation.happens()).kind()).isEqualTo(Kind.Plan);
    }

    @Test
    void saysWhyAPlanFailedAsARunWould() {
        Situation situation = wanting(Mode.Plan, ApprovalPolicy.Never);
        situation.happens();
        situation
                .attemptIs(new Running())
                .later(Duration.ofSeconds(1))
                .attemptEnds(Situation.failed(Reason.MultipleHeads, List.of("a1")))
                .databaseIsAt("a1");

        assertThat(situation.happens()).isInstanceOf(Fail.class);
        assertThat(situation.reason()).isEqualTo("MultipleHeads");
        assertThat(situation.happens()).isInstanceOf(Fail.class);
    }

    @Test
    void aPlanThatDiedLeavesNoDoubtAndIsMadeAgain() {
        Situation situation = wanting(Mode.Plan, ApprovalPolicy.Never);
        situation.happens();
        situation
                .later(Duration.ofSeconds(1))
                .attemptDies(Reason.Interrupted, true)
                .databaseIsAt("a1");
        assertThat(situation.happens()).isInstanceOf(Fail.class);

        situation.later(Duration.ofMinutes(2)).databaseIsAt("a1");

        Start start = start(situation.happens());
        assertThat(start.kind()).isEqualTo(Kind.Plan);
        assertThat(start.afterInterruption()).isFalse();
    }

    @Test
    void aPlanWithNothingToDoIsTheTargetReached() {
        Situation situation = wanting(Mode.Plan, ApprovalPolicy.Never).target("head");
        situation.happens();
        situation
                .attemptIs(new Running())
                .later(Duration.ofSeconds(1))
                .attemptEnds(planned(List.of("a1"), List.of("a1")))
                .databaseIsAt("a1");

        assertThat(situation.happens()).isInstanceOf(Settle.class);
        assertThat(situation.reason()).isEqualTo("AtTarget");
    }

    @Test
    void aPlanForAnOlderSpecIsPassedBy() {
        Situation situation = wanting(Mode.Plan, ApprovalPolicy.Never);
        situation.happens();
        situation
                .attemptIs(new Running())
                .target("c3")
                .later(Duration.ofSeconds(1))
                .attemptEnds(planned(List.of("a1"), List.of("b2")))
                .databaseIsAt("a1");

        assertThat(situation.happens()).isInstanceOf(TakeIn.class);
        assertThat(situation.status.plan()).isNull();
        assertThat(start(situation.happens()).kind()).isEqualTo(Kind.Plan);
    }

    @Test
    void plansAnewWhenTheVeryImageIsGone() {
        Situation situation = planKept(Mode.Apply, ApprovalPolicy.Always, true).approves("hash-1");
        situation.happens();
        situation.attemptIs(new Waiting("ErrImageNeverPull: Container image is not present with pull policy of Never"));

        assertThat(situation.happens()).isInstanceOf(PlanAnew.class);
        assertThat(situation.reason()).isEqualTo("ImageChanged");
        assertThat(situation.status.plan()).isNull();

        situation.later(Duration.ofMinutes(2)).databaseIsAt("a1");
        assertThat(start(situation.happens()).kind()).isEqualTo(Kind.Plan);
    }

    @Test
    void startsNothingWhileSuspended() {
        assertThat(wanting(Mode.Plan, ApprovalPolicy.Never).suspend(true).happens())
                .isInstanceOf(Decision.Suspend.class);
    }
}
