package dev.dbmigrations.reconcile;

import static dev.dbmigrations.reconcile.Violation.unless;

import dev.dbmigrations.api.ApprovalPolicy;
import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.Mode;
import dev.dbmigrations.api.PlanStatus;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Kind;
import dev.dbmigrations.reconcile.Decision.Go;
import dev.dbmigrations.reconcile.Decision.ReadPlan;
import dev.dbmigrations.reconcile.Decision.Start;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.NullMarked;

/** The plans that are kept in the cluster, people's words for them, and an oracle for rule 7. */
@NullMarked
final class SimulatedPlans {

    /** A step up to this revision destroys data; and each step down does. */
    private static final int DESTRUCTIVE = 2;

    private final Map<String, PlanStatus> kept = new HashMap<>();
    private final List<Approval> approvals = new ArrayList<>();

    /** {@return what the operator finds in the log of the attempt's pod, and keeps} */
    PlanStatus keep(Observation seen, ReadPlan read, int to, Instant now) {
        SeenAttempt ended = read.ended();
        int from = SimulatedDatabase.at(read.reading().revisions());
        String hash = "plan of " + ended.job();
        boolean destructive = to < from || (from < DESTRUCTIVE && to >= DESTRUCTIVE);
        PlanStatus plan = new PlanStatus(
                hash,
                to < from ? "Downgrade" : "Upgrade",
                read.reading().revisions(),
                SimulatedDatabase.rows(to),
                null,
                Math.abs(to - from),
                List.of(),
                destructive,
                hash,
                ended.asked().image(),
                Planning.madeFor(seen, read.reading()).orElseThrow(),
                now);
        kept.put(hash, plan);
        return plan;
    }

    boolean has(PlanStatus plan) {
        return kept.containsKey(plan.hash());
    }

    boolean stands(Approval approval) {
        return approvals.contains(approval);
    }

    List<Approval> approvals() {
        return List.copyOf(approvals);
    }

    void somebodyApproves(DatabaseMigrationStatus status) {
        PlanStatus plan = status.plan();
        if (plan != null) {
            approvals.add(new Approval("approval-" + approvals.size(), plan.hash(), "ada"));
        }
    }

    void somebodyDeletes(int chance) {
        if (chance % 2 == 0) {
            kept.clear();
        } else {
            approvals.clear();
        }
    }

    /** Nothing is run against {@code mode: Plan}, nor without a plan of just that, nor a plan without its approval. */
    void check(Start start, DatabaseMigrationSpec spec) {
        if (start.kind() == Kind.Plan || (spec.mode() == Mode.Apply && spec.approval() == ApprovalPolicy.Never)) {
            return;
        }
        unless(spec.mode() == Mode.Apply, "ran something in mode: Plan (rule 7)");
        unless(start.go().isPresent(), "ran what nobody had planned (rule 7)");
        Go go = start.go().get();
        PlanStatus plan = kept.get(go.plan().hash());
        unless(plan != null, "ran a plan that is gone (rule 7)");
        if (plan == null) {
            return;
        }
        unless(plan.from().equals(start.reading().revisions()), "ran a plan from other rows than its own (rule 7)");
        unless(
                plan.madeFor()
                        .targetRevision()
                        .equals(start.rollback().map(Rollback.Way::target).orElse(spec.targetRevision())),
                "ran a plan for another target (rule 7)");
        unless(
                start.rollback().isPresent() || plan.madeFor().image().equals(spec.image()),
                "ran a plan of another image (rule 7)");
        boolean waits = spec.approval() == ApprovalPolicy.Always || plan.destructive();
        unless(
                !waits
                        || approvals.stream()
                                .anyMatch(approval -> approval.planHash().equals(plan.hash())),
                "ran a plan that nobody had approved (rule 7)");
    }

    boolean isShown(DatabaseMigrationStatus status) {
        return status.condition("Ready")
                .filter(ready -> Reason.Planned.name().equals(ready.getReason()))
                .isPresent();
    }
}
