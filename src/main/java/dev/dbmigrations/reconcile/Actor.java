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

    private static final int KEPT_JOBS = 3;

    private final Attempts attempts;
    private final Plans plans;
    private final Approvals approvals;
    private final Observer observer;

    Actor(Attempts attempts, Plans plans, Approvals approvals, Observer observer) {
        this.attempts = attempts;
        this.plans = plans;
        this.approvals = approvals;
        this.observer = observer;
    }

    /**
     * Does it, all but one thing: an attempt's Job is created only when the status that knows of it is written.
     *
     * @return what became of the decision, where the cluster would not have it; else the decision
     */
    Decision act(DatabaseMigration resource, Observation seen, Decision decision, Instant now) {
        return switch (decision) {
            case Look look -> {
                observer.look(resource, seen, now);
                yield look;
            }
            case Start start -> prepare(resource, seen, start, now);
            case StartCheck check -> prepareCheck(resource, seen, check, now);
            case EndCheck check -> {
                prune(resource, seen);
                yield check;
            }
            case Discard discard -> discard(resource, discard);
            case Settle settle -> {
                prune(resource, seen);
                yield settle;
            }
            case Fail fail -> {
                prune(resource, seen);
                yield fail;
            }
            case Await await -> await;
            case TakeIn taken -> taken;
            case Suspend suspend -> suspend;
            case ReadPlan read -> keep(resource, seen, read, now);
            case KeepPlan kept -> kept;
            case ShowPlan shown -> {
                prune(resource, seen);
                yield shown;
            }
            case AwaitApproval awaiting -> {
                prune(resource, seen);
                yield awaiting;
            }
            case PlanAnew anew -> giveUp(resource, anew);
        };
    }

    private Decision prepare(DatabaseMigration resource, Observation seen, Start start, Instant now) {
        if (!knowsAllJobs(resource, seen) || !mayStill(resource, start)) {
            return new Look();
        }
        try {
            attempts.ensureRunnerFiles(resource);
            return start;
        } catch (KubernetesClientException e) {
            return refused(seen, "the runner's ConfigMap", e, now);
        }
    }

    private Decision prepareCheck(DatabaseMigration resource, Observation seen, StartCheck check, Instant now) {
        if (!knowsAllJobs(resource, seen)) {
            return new Look();
        }
        try {
            attempts.ensureRunnerFiles(resource);
            return check;
        } catch (KubernetesClientException e) {
            return ModelCheck.refused(seen, check, refusal("the runner's ConfigMap", e), now);
        }
    }

    /**
     * Creates the Job of an attempt that the status knows of already; does nothing where none was decided.
     *
     * @return what became of the decision, where the API server has refused the Job; empty where there is one
     * @throws KubernetesClientException where nobody knows whether there is one
     */
    Optional<Decision> begin(DatabaseMigration resource, Observation seen, Decision decision, Instant now) {
        return switch (decision) {
            case Start start -> start(resource, seen, start, now);
            case StartCheck check -> startCheck(resource, seen, check, now);
            default -> Optional.empty();
        };
    }

    private Optional<Decision> start(DatabaseMigration resource, Observation seen, Start start, Instant now) {
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
        RunDocument asked = start.kind() == Kind.Plan
                ? adapted.planned()
                : start.go().map(go -> adapted.stamping(go.plan().baseline())).orElse(adapted);
        Tree runs = start.go()
                .map(go -> new Tree(go.plan().imageDigest(), tree.alembic()))
                .orElse(tree);
        Leave leave = start.go().map(Actor::leave).orElse(null);
        try {
            attempts.start(resource, runs, audited(resource, asked, runs, leave), leave);
            return Optional.empty();
        } catch (KubernetesClientException e) {
            return Optional.of(refused(seen, "the Job", e, now));
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

    private Optional<Decision> startCheck(DatabaseMigration resource, Observation seen, StartCheck check, Instant now) {
        endChecks(resource, seen);
        Expected expected = expected(check.reading());
        Tree tree = Tree.of(resource.getSpec());
        RunDocument run = RunDocument.of(
                        resource.getSpec(), seen.uid(), check.number(), expected, Downgrade.NotRequested, false)
                .checking();
        try {
            attempts.start(resource, tree, audited(resource, run, tree, null), null);
            return Optional.empty();
        } catch (KubernetesClientException e) {
            return Optional.of(ModelCheck.refused(seen, check, refusal("the Job", e), now));
        }
    }

    /** The caches may lag behind a Job of our own: nothing is started on their word alone. */
    private boolean knowsAllJobs(DatabaseMigration resource, Observation seen) {
        Set<String> known = Stream.concat(seen.attempts().stream(), seen.checks().stream())
                .map(SeenAttempt::job)
                .collect(toSet());
        return attempts.areAll(resource, known);
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

    private static Fail refused(Observation seen, String what, KubernetesClientException e, Instant now) {
        return new Fail(Failures.ofLooking(seen, Reason.PodRejected, refusal(what, e), now), Optional.empty());
    }

    /** {@return why the cluster will not have it}; after any other answer than a no it may exist. */
    private static String refusal(String what, KubernetesClientException e) {
        if (e.getCode() < HttpURLConnection.HTTP_BAD_REQUEST || e.getCode() >= HttpURLConnection.HTTP_INTERNAL_ERROR) {
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
