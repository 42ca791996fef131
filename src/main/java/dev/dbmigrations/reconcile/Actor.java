package dev.dbmigrations.reconcile;

import static java.util.stream.Collectors.toSet;

import dev.dbmigrations.api.AuditSettings;
import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.job.Attempts;
import dev.dbmigrations.job.Leave;
import dev.dbmigrations.job.RunDocument;
import dev.dbmigrations.job.RunDocument.Database;
import dev.dbmigrations.job.RunDocument.Downgrade;
import dev.dbmigrations.job.RunDocument.Expected;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Kind;
import dev.dbmigrations.job.Tree;
import dev.dbmigrations.reconcile.Decision.Await;
import dev.dbmigrations.reconcile.Decision.AwaitApproval;
import dev.dbmigrations.reconcile.Decision.Discard;
import dev.dbmigrations.reconcile.Decision.EndCheck;
import dev.dbmigrations.reconcile.Decision.Fail;
import dev.dbmigrations.reconcile.Decision.Go;
import dev.dbmigrations.reconcile.Decision.KeepPlan;
import dev.dbmigrations.reconcile.Decision.Look;
import dev.dbmigrations.reconcile.Decision.PlanAnew;
import dev.dbmigrations.reconcile.Decision.ReadPlan;
import dev.dbmigrations.reconcile.Decision.Settle;
import dev.dbmigrations.reconcile.Decision.ShowPlan;
import dev.dbmigrations.reconcile.Decision.Start;
import dev.dbmigrations.reconcile.Decision.StartCheck;
import dev.dbmigrations.reconcile.Decision.Suspend;
import dev.dbmigrations.reconcile.Decision.TakeIn;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Carries a decision out. All writes but the status go through here. */
final class Actor {

    private static final int UNPROCESSABLE = 422;
    private static final int KEPT_JOBS = 3;

    private final Attempts attempts;
    private final Plans plans;
    private final Approvals approvals;
    private final Observer observer;

    /**
     * What was done.
     *
     * @param decision the decision, or what became of it where the cluster would not have it
     * @param job the Job that was started
     */
    record Done(Decision decision, Optional<String> job) {}

    Actor(Attempts attempts, Plans plans, Approvals approvals, Observer observer) {
        this.attempts = attempts;
        this.plans = plans;
        this.approvals = approvals;
        this.observer = observer;
    }

    Done act(DatabaseMigration resource, Observation seen, Decision decision, Instant now) {
        return switch (decision) {
            case Look look -> {
                observer.look(resource, seen, now);
                yield new Done(look, Optional.empty());
            }
            case Start start -> start(resource, seen, start, now);
            case StartCheck check -> startCheck(resource, seen, check, now);
            case EndCheck check -> {
                prune(resource, seen);
                yield new Done(check, Optional.empty());
            }
            case Discard discard -> new Done(discard(resource, discard), Optional.empty());
            case Settle settle -> {
                prune(resource, seen);
                yield new Done(settle, Optional.empty());
            }
            case Fail fail -> {
                prune(resource, seen);
                yield new Done(fail, Optional.empty());
            }
            case Await await -> new Done(await, Optional.empty());
            case TakeIn taken -> new Done(taken, Optional.empty());
            case Suspend suspend -> new Done(suspend, Optional.empty());
            case ReadPlan read -> new Done(keep(resource, seen, read, now), Optional.empty());
            case KeepPlan kept -> new Done(kept, Optional.empty());
            case ShowPlan shown -> {
                prune(resource, seen);
                yield new Done(shown, Optional.empty());
            }
            case AwaitApproval awaiting -> {
                prune(resource, seen);
                yield new Done(awaiting, Optional.empty());
            }
            case PlanAnew anew -> new Done(giveUp(resource, anew), Optional.empty());
        };
    }

    private Done start(DatabaseMigration resource, Observation seen, Start start, Instant now) {
        if (!isCurrent(resource, seen) || !mayStill(resource, start)) {
            return new Done(new Look(), Optional.empty());
        }
        endChecks(resource, seen);
        RunDocument run = RunDocument.of(
                resource.getSpec(),
                seen.uid(),
                start.number(),
                expected(start.reading()),
                start.downgrade(),
                start.afterInterruption());
        Tree tree = start.rollback().map(Rollback.Way::tree).orElseGet(() -> Tree.of(resource.getSpec()));
        RunDocument adapted = start.rollback()
                .map(way -> run.rollingBack(way.image(), way.tree().alembic(), way.to()))
                .orElse(run);
        RunDocument document = start.kind() == Kind.Plan ? adapted.planned() : adapted;
        Tree runs = start.go()
                .map(go -> new Tree(go.plan().imageDigest(), tree.alembic()))
                .orElse(tree);
        Leave leave = start.go().map(Actor::leave).orElse(null);
        try {
            return new Done(
                    start,
                    Optional.of(attempts.start(resource, runs, audited(resource, document, runs, leave), leave)
                            .getMetadata()
                            .getName()));
        } catch (KubernetesClientException e) {
            return new Done(refused(seen, "the Job", e, now), Optional.empty());
        }
    }

    private static RunDocument audited(DatabaseMigration resource, RunDocument run, Tree runs, @Nullable Leave leave) {
        AuditSettings audit = resource.getSpec().audit();
        if (audit == null) {
            return run;
        }
        ObjectMeta meta = resource.getMetadata();
        return run.audited(new RunDocument.Audit(
                audit.table(),
                meta.getNamespace() + "/" + meta.getName(),
                runs.isPinned() ? runs.image() : null,
                leave == null ? null : leave.approvedBy()));
    }

    private Done startCheck(DatabaseMigration resource, Observation seen, StartCheck check, Instant now) {
        if (!isCurrent(resource, seen)) {
            return new Done(new Look(), Optional.empty());
        }
        endChecks(resource, seen);
        Expected expected = expected(check.reading());
        Tree tree = Tree.of(resource.getSpec());
        RunDocument run = RunDocument.of(
                        resource.getSpec(), seen.uid(), check.number(), expected, Downgrade.NotRequested, false)
                .checking();
        try {
            return new Done(
                    check,
                    Optional.of(attempts.start(resource, tree, audited(resource, run, tree, null), null)
                            .getMetadata()
                            .getName()));
        } catch (KubernetesClientException e) {
            return new Done(ModelCheck.refused(seen, check, refusal("the Job", e), now), Optional.empty());
        }
    }

    /** The caches may lag behind a change, a deletion or a Job of our own: nothing is started on their word alone. */
    private boolean isCurrent(DatabaseMigration resource, Observation seen) {
        Set<String> known = Stream.concat(seen.attempts().stream(), seen.checks().stream())
                .map(SeenAttempt::job)
                .collect(toSet());
        return attempts.isCurrent(resource, known);
    }

    /** They hold nothing and write nothing: whatever is to be started does not wait for them. */
    private void endChecks(DatabaseMigration resource, Observation seen) {
        seen.checks().stream()
                .filter(check -> !check.over())
                .forEach(check -> attempts.delete(resource.getMetadata().getNamespace(), check.job()));
    }

    private static Expected expected(AtRevisions reading) {
        return new Expected(
                reading.revisions(),
                new Database(
                        reading.database().name(),
                        reading.database().oid(),
                        reading.database().systemIdentifier()));
    }

    private Decision keep(DatabaseMigration resource, Observation seen, ReadPlan read, Instant now) {
        try {
            return plans.keep(resource, seen, read, now);
        } catch (KubernetesClientException e) {
            return refused(seen, "the plan's ConfigMap", e, now);
        }
    }

    private static Decision refused(Observation seen, String what, KubernetesClientException e, Instant now) {
        return new Fail(Failures.ofLooking(seen, Reason.PodRejected, refusal(what, e), now), Optional.empty());
    }

    /** {@return why the cluster will not have it; what is no refusal is thrown again} */
    private static String refusal(String what, KubernetesClientException e) {
        if (e.getCode() != HttpURLConnection.HTTP_FORBIDDEN && e.getCode() != UNPROCESSABLE) {
            throw e;
        }
        return "the cluster refuses " + what + ": "
                + Optional.ofNullable(e.getStatus())
                        .map(status -> status.getMessage())
                        .orElse(e.getMessage());
    }

    /** Neither the plan nor its approval is taken on a cache's word alone. */
    private boolean mayStill(DatabaseMigration resource, Start start) {
        return start.go()
                .filter(go -> !plans.areKept(resource, go.plan()) || !approvals.stands(resource, go))
                .isEmpty();
    }

    private static Leave leave(Go go) {
        return new Leave(go.plan().hash(), go.approval().map(Approval::by).orElse(null));
    }

    private Decision giveUp(DatabaseMigration resource, PlanAnew anew) {
        SeenAttempt attempt = anew.attempt();
        return attempts.deleteUnstarted(resource.getMetadata().getNamespace(), attempt.job())
                ? anew
                : new Await(attempt, Reason.Applying, "Job " + attempt.job() + " is at work");
    }

    private Decision discard(DatabaseMigration resource, Discard discard) {
        SeenAttempt attempt = discard.attempt();
        // The caches may lag behind a container that has started since: what runs ends by itself (rule 2).
        return attempts.deleteUnstarted(resource.getMetadata().getNamespace(), attempt.job())
                ? discard
                : new Await(attempt, Reason.Applying, "Job " + attempt.job() + " is at work for an older spec");
    }

    /** Keeps the newest finished Jobs, for their logs; checks have a place of their own, however often they are made. */
    private void prune(DatabaseMigration resource, Observation seen) {
        Stream<SeenAttempt> moves =
                seen.attempts().stream().filter(SeenAttempt::over).skip(KEPT_JOBS);
        Stream<SeenAttempt> checks = seen.checks().stream()
                .filter(SeenAttempt::over)
                .skip(seen.spec().modelCheck().wanted() ? 1 : 0);
        Stream.concat(moves, checks)
                .forEach(old -> attempts.delete(resource.getMetadata().getNamespace(), old.job()));
    }
}
