package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.ApprovalPolicy;
import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.api.DatabaseMigrationStatus.DatabaseIdentity;
import dev.dbmigrations.api.Mode;
import dev.dbmigrations.api.PlanStatus;
import dev.dbmigrations.api.PlanStatus.MadeFor;
import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Waiting;
import dev.dbmigrations.job.Tree;
import dev.dbmigrations.reconcile.Decision.AwaitApproval;
import dev.dbmigrations.reconcile.Decision.Go;
import dev.dbmigrations.reconcile.Decision.ShowPlan;
import dev.dbmigrations.reconcile.Decision.Start;
import java.util.Objects;
import java.util.Optional;

/** Plans and approvals (rule 7): what is planned before it is run, and what waits for a person. Pure. */
final class Planning {

    private Planning() {}

    /** {@return what to do instead of this start, or before it; the very same where no plan is needed} */
    static Decision instead(Observation seen, Start start) {
        if (!needed(seen.spec())) {
            return start;
        }
        Optional<PlanStatus> plan = standing(seen, start.reading());
        if (plan.isEmpty() || !seen.planIsKept()) {
            return start.toPlan();
        }
        if (seen.spec().mode() == Mode.Plan) {
            return new ShowPlan(plan.get());
        }
        if (seen.spec().approval() == ApprovalPolicy.Destructive && !plan.get().destructive()) {
            return start.toRun(new Go(plan.get(), Optional.empty()));
        }
        return seen.approvals().stream()
                .filter(approval -> approval.planHash().equals(plan.get().hash()))
                .findFirst()
                .map(approval -> (Decision) start.toRun(new Go(plan.get(), Optional.of(approval))))
                .orElseGet(() -> new AwaitApproval(plan.get()));
    }

    /** Whether anything may have to be known before it is run. */
    static boolean needed(DatabaseMigrationSpec spec) {
        return spec.mode() == Mode.Plan || spec.approval() != ApprovalPolicy.Never;
    }

    /** {@return the plan of the status, while the world is as it was made for} */
    static Optional<PlanStatus> standing(Observation seen, AtRevisions current) {
        return Optional.ofNullable(seen.status().plan())
                .filter(plan -> plan.from().equals(current.revisions()))
                .filter(plan -> madeFor(seen, current)
                        .filter(wanted -> isSame(plan.madeFor(), wanted))
                        .isPresent());
    }

    /** {@return what a plan from these rows is made for; empty while the Secret leads nowhere} */
    static Optional<MadeFor> madeFor(Observation seen, AtRevisions current) {
        DatabaseMigrationSpec spec = seen.spec();
        Optional<Rollback.Way> rollback = Rollback.way(seen, current);
        Tree tree = rollback.map(Rollback.Way::tree).orElseGet(() -> Tree.of(spec));
        return Target.identity(seen.secret(), current)
                .map(database -> new MadeFor(
                        rollback.map(Rollback.Way::target).orElse(spec.targetRevision()),
                        tree.image(),
                        tree.alembic(),
                        spec.databaseRole(),
                        // It counts only where there is none.
                        rollback.isPresent() || current.versionTable().isPresent() ? null : spec.baseline(),
                        database));
    }

    /** Whether an attempt has rendered what the spec wants of these rows, so that its plan is worth keeping. */
    static boolean isWanted(Observation seen, SeenAttempt attempt, AtRevisions after) {
        return attempt.generation() == seen.generation()
                && after.revisions().equals(attempt.asked().expected())
                && attempt.isRollback() == Rollback.way(seen, after).isPresent();
    }

    /** Whether the attempt can never have the very content that was planned with: a name would give it another. */
    static boolean imageIsGone(SeenAttempt attempt) {
        return attempt.asked().leave() != null
                && attempt.state() instanceof Waiting waiting
                && waiting.forItsImage()
                && (String.valueOf(waiting.message()).startsWith("ErrImageNeverPull")
                        || String.valueOf(waiting.message()).contains("not found"));
    }

    /** A version table that was not there when the plan was made, and is empty by now, changes nothing. */
    private static boolean isSame(MadeFor then, MadeFor now) {
        DatabaseIdentity before = then.database();
        DatabaseIdentity after = now.database();
        return then.targetRevision().equals(now.targetRevision())
                && then.image().equals(now.image())
                && then.alembic().equals(now.alembic())
                && Objects.equals(then.databaseRole(), now.databaseRole())
                && Objects.equals(then.baseline(), now.baseline())
                && Objects.equals(before.host(), after.host())
                && before.port() == after.port()
                && Objects.equals(before.name(), after.name())
                && Objects.equals(before.systemIdentifier(), after.systemIdentifier())
                && (before.versionTable() == null || before.versionTable().equals(after.versionTable()));
    }
}
