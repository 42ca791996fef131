package dev.dbmigrations.reconcile;

import static dev.dbmigrations.reconcile.Situation.baselined;
import static dev.dbmigrations.reconcile.Situation.failed;
import static dev.dbmigrations.reconcile.Situation.planned;
import static dev.dbmigrations.reconcile.Situation.plannedWithStamp;
import static dev.dbmigrations.reconcile.Situation.superseded;
import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.ApprovalPolicy;
import dev.dbmigrations.api.DatabaseMigrationStatus.Migration;
import dev.dbmigrations.api.Mode;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.job.RunDocument.Downgrade;
import dev.dbmigrations.job.RunResult;
import dev.dbmigrations.job.SeenAttempt.Kind;
import dev.dbmigrations.job.SeenAttempt.Running;
import dev.dbmigrations.reconcile.Decision.AwaitApproval;
import dev.dbmigrations.reconcile.Decision.Fail;
import dev.dbmigrations.reconcile.Decision.KeepPlan;
import dev.dbmigrations.reconcile.Decision.Settle;
import dev.dbmigrations.reconcile.Decision.ShowPlan;
import dev.dbmigrations.reconcile.Decision.Start;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** A database that had tables before it had revisions. */
@NullMarked
class BaselineTest {

    private static Situation withTablesAlone() {
        return new Situation().baseline("a1").databaseHasNoVersionTable();
    }

    private static Start start(Decision decision) {
        assertThat(decision).isInstanceOf(Start.class);
        return (Start) decision;
    }

    private static Situation ends(Situation situation, RunResult result) {
        return situation.attemptIs(new Running()).later(Duration.ofSeconds(1)).attemptEnds(result);
    }

    private static Situation plan(Situation situation, RunResult result) {
        assertThat(start(situation.happens()).kind()).isEqualTo(Kind.Plan);
        ends(situation, result).databaseHasNoVersionTable();
        assertThat(situation.happens()).isInstanceOf(KeepPlan.class);
        return situation;
    }

    @Test
    void isReachedInOneAttemptAndToldInTheHistory() {
        Situation situation = withTablesAlone();
        assertThat(start(situation.happens()).downgrade()).isEqualTo(Downgrade.NotRequested);

        ends(situation, baselined("a1", "b2")).databaseIsAt("b2");

        assertThat(situation.happens()).isInstanceOf(Settle.class);
        Migration migration = Objects.requireNonNull(situation.status.history()).getFirst();
        assertThat(migration.from()).isEmpty();
        assertThat(migration.to()).containsExactly("b2");
        assertThat(migration.baseline()).isEqualTo("a1");
    }

    @Test
    void aStampAloneIsHistoryToo() {
        Situation situation = withTablesAlone().target("a1");
        situation.happens();
        ends(situation, baselined("a1", "a1")).databaseIsAt("a1");

        assertThat(situation.happens()).isInstanceOf(Settle.class);
        assertThat(Objects.requireNonNull(situation.status.history()).getFirst().direction())
                .isEqualTo("None");
    }

    @Test
    void aRefusalStandsUntilTheSpecSaysSomethingElse() {
        Situation situation = withTablesAlone();
        situation.happens();
        ends(situation, failed(Reason.BaselineRefused, List.of())).databaseHasNoVersionTable();

        assertThat(situation.happens()).isInstanceOf(Fail.class);
        assertThat(situation.status.condition("Stalled")).isPresent();
        assertThat(situation
                        .later(Duration.ofHours(1))
                        .databaseHasNoVersionTable()
                        .happens())
                .isInstanceOf(Fail.class);

        situation.baseline("a0");
        assertThat(situation.databaseHasNoVersionTable().happens()).isInstanceOf(Start.class);
    }

    @Test
    void aPlanBeginsWithItAndSaysSo() {
        Situation situation = plan(withTablesAlone().mode(Mode.Plan), plannedWithStamp("a1", "b2"));

        assertThat(situation.happens()).isInstanceOf(ShowPlan.class);
        assertThat(situation.message())
                .startsWith(
                        "the plan has a stamp at revision a1, where the database is taken to be, and 1 step up to b2,");
        assertThat(Objects.requireNonNull(situation.status.plan()).baseline()).isEqualTo("a1");
    }

    @Test
    void aStampAloneIsAPlanThatWaits() {
        Situation situation =
                plan(withTablesAlone().target("a1").approval(ApprovalPolicy.Always), plannedWithStamp("a1", "a1"));

        assertThat(situation.happens()).isInstanceOf(AwaitApproval.class);
        situation.approves("hash-1");
        assertThat(start(situation.happens()).go().orElseThrow().plan().baseline())
                .isEqualTo("a1");
    }

    @Test
    void anotherBaselineIsAnotherPlan() {
        Situation situation = plan(withTablesAlone().approval(ApprovalPolicy.Always), plannedWithStamp("a1", "b2"));
        situation.approves("hash-1").baseline("a0").databaseHasNoVersionTable();

        assertThat(start(situation.happens()).kind()).isEqualTo(Kind.Plan);
    }

    /** It may only be stamped where there is none: the steps that were approved begin after the stamp. */
    @Test
    void aVersionTableThatIsThereMeanwhileMakesAnotherPlanDue() {
        Situation situation = plan(withTablesAlone().approval(ApprovalPolicy.Always), plannedWithStamp("a1", "b2"));
        situation.approves("hash-1").databaseHasNoVersionTable();
        assertThat(start(situation.happens()).go()).isPresent();
        ends(situation, superseded()).databaseIsAt();
        situation.happens();

        assertThat(start(situation.later(Duration.ofMinutes(2)).databaseIsAt().happens())
                        .kind())
                .isEqualTo(Kind.Plan);
    }

    @Test
    void whereThereIsAVersionTableItChangesNothing() {
        Situation situation = new Situation().approval(ApprovalPolicy.Always).databaseIsAt("a1");
        situation.happens();
        ends(situation, planned(List.of("a1"), List.of("b2"))).databaseIsAt("a1");
        situation.happens();
        situation.approves("hash-1").baseline("a1").databaseIsAt("a1");

        Start start = start(situation.happens());

        assertThat(start.kind()).isEqualTo(Kind.Apply);
        assertThat(start.go()).isPresent();
    }
}
