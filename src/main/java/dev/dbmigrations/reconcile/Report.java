package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.api.Revisions;
import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.job.AttemptName;
import dev.dbmigrations.job.SeenAttempt.Kind;
import dev.dbmigrations.reconcile.Decision.Await;
import dev.dbmigrations.reconcile.Decision.AwaitApproval;
import dev.dbmigrations.reconcile.Decision.Discard;
import dev.dbmigrations.reconcile.Decision.EndCheck;
import dev.dbmigrations.reconcile.Decision.Fail;
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
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Turns an observation and what was decided on it into one status. Pure. */
final class Report {

    private static final Duration LONG_LOOK = Duration.ofMillis(800);

    private final Observation seen;
    private final Instant now;
    private final StatusDraft draft;
    private final AttemptReport attempts;
    private final EndReport ends;
    private final CheckReport checks;

    private Report(Observation seen, Instant now) {
        this.seen = seen;
        this.now = now;
        this.draft = new StatusDraft(seen.status());
        this.attempts = new AttemptReport(seen, now);
        this.ends = new EndReport(seen, draft, attempts, now);
        this.checks = new CheckReport(seen, draft, now);
    }

    /**
     * {@return the status; the very one that was there before when nothing is to be written}
     */
    static DatabaseMigrationStatus of(Observation seen, Decision decision, Instant now) {
        return new Report(seen, now).status(decision);
    }

    private DatabaseMigrationStatus status(Decision decision) {
        if (decision instanceof Look && answerIsNear()) {
            return seen.status();
        }
        draft.observedGeneration = seen.generation();
        seen.reading()
                .filter(AtRevisions.class::isInstance)
                .map(AtRevisions.class::cast)
                .ifPresent(this::current);
        if (!Target.resolvedFor(seen.spec()).equals(draft.resolvedFor)) {
            draft.forgetTarget();
        }
        switch (decision) {
            case Look look -> draft.ready(Reason.Pending, "reading the database", now);
            case Settle settle -> settle(settle);
            case StartCheck start -> {
                settle(new Settle(start.reading(), Optional.empty()));
                checks.started(start, job(start.number()));
            }
            case EndCheck end -> {
                settle(new Settle(end.reading(), Optional.empty()));
                checks.ended(end.check());
            }
            case Start start -> start(start);
            case Await await -> await(await);
            case Discard discard -> discard(discard);
            case TakeIn taken -> takeIn(taken);
            case Suspend suspend -> suspend();
            case Fail fail -> fail(fail);
            case ReadPlan read ->
                throw new IllegalArgumentException("what was read of a plan is reported, not that it is read");
            case KeepPlan kept -> keep(kept);
            case ShowPlan shown -> draft.ready(Reason.Planned, PlanWords.shown(shown.plan()), now);
            case AwaitApproval awaiting ->
                draft.ready(Reason.AwaitingApproval, PlanWords.awaiting(awaiting.plan(), seen.name()), now);
            case PlanAnew anew -> planAnew(anew);
        }
        checks.keep();
        return draft.finish();
    }

    /** Whether the answer is so near that it is no use to say that it is waited for. */
    private boolean answerIsNear() {
        return Objects.equals(seen.status().observedGeneration(), seen.generation())
                || seen.askedAt().filter(at -> at.plus(LONG_LOOK).isBefore(now)).isEmpty();
    }

    private void current(AtRevisions reading) {
        draft.currentRevisions = reading.revisions();
        draft.currentReadAt = reading.at();
        Target.versionTable(reading).ifPresent(table -> draft.versionTable = table);
        draft.database = Owner.database(reading.database());
    }

    private void settle(Settle settle) {
        settle.ended().ifPresent(ends::takeIn);
        draft.resolvedFor = Target.resolvedFor(seen.spec());
        if (draft.resolvedTarget == null) {
            draft.resolvedTarget = settle.reading().revisions();
        }
        draft.pending = 0;
        draft.unknownRevisions = null;
        draft.lastFailure = null;
        draft.lastHandledRetry = seen.retry().orElse(null);
        draft.attempt = attempts.atTarget(draft.attempt);
        Target.identity(seen.secret(), settle.reading())
                .ifPresent(database -> draft.lastReached = Remembered.reached(
                        seen, draft.lastReached, settle.reading().revisions(), database, now));
        draft.ready(
                Reason.AtTarget,
                "the database is at " + Revisions.named(settle.reading().revisions()),
                now);
    }

    private void start(Start start) {
        String job = job(start.number());
        draft.attempt = attempts.started(start, job);
        draft.lastHandledRetry = seen.retry().orElse(null);
        if (start.kind() != Kind.Plan) {
            draft.plan = start.go().map(Decision.Go::plan).orElse(null);
        }
        if (draft.lastFailure != null && draft.lastFailure.reason() == Reason.PodRejected) {
            // Until the cluster has let the Job be, nobody is told that it is on its way: the two would take turns.
            draft.ready(Reason.PodRejected, draft.lastFailure.message(), now);
            return;
        }
        lookedAgain();
        if (start.kind() == Kind.Plan) {
            String target = start.rollback()
                    .map(Rollback.Way::target)
                    .orElse(seen.spec().targetRevision());
            draft.ready(Reason.Planning, PlanWords.planning(job, start.reading().revisions(), target), now);
            return;
        }
        String why = start.rollback()
                .map(way -> " with image " + way.image() + ", because image "
                        + seen.spec().image() + " does not contain where it is")
                .orElse("");
        draft.ready(
                Reason.Applying,
                "Job " + job + " is bringing the database from "
                        + Revisions.named(start.reading().revisions()) + " to "
                        + seen.spec().targetRevision() + why,
                now);
    }

    private void keep(KeepPlan kept) {
        ends.takeIn(kept.ended());
        draft.plan = kept.plan();
        draft.lastFailure = null;
        draft.ready(Reason.Planning, PlanWords.shown(kept.plan()) + ", and what is next is decided", now);
    }

    private void planAnew(PlanAnew anew) {
        draft.attempt = attempts.discarded(anew.attempt());
        draft.plan = null;
        draft.lastFailure = anew.failure();
        draft.ready(anew.failure().reason(), anew.failure().message(), now);
    }

    /** {@return the name that the attempt's Job will have} */
    private String job(int attempt) {
        return AttemptName.of(seen.name().getName(), seen.uid(), seen.generation(), attempt);
    }

    /** What stood in the way of an attempt does so no more. */
    private void lookedAgain() {
        if (draft.lastFailure != null && draft.lastFailure.job() == null) {
            draft.lastFailure = null;
        }
    }

    private void await(Await await) {
        lookedAgain();
        draft.attempt = attempts.underWay(await.attempt());
        draft.lastReached = Remembered.whileUnderWay(draft.lastReached, await.attempt());
        draft.ready(await.reason(), await.message(), now);
    }

    private void discard(Discard discard) {
        draft.attempt = attempts.discarded(discard.attempt());
        draft.ready(
                Reason.Applying,
                "Job " + discard.attempt().job() + " never started and is for an older spec: it is deleted",
                now);
    }

    private void suspend() {
        draft.ready(
                Reason.Suspended,
                "spec.suspend is true: the database is left at "
                        + Revisions.named(Objects.requireNonNullElse(draft.currentRevisions, List.of())),
                now);
    }

    private void fail(Fail fail) {
        fail.ended().ifPresent(ends::takeIn);
        draft.lastFailure = fail.failure();
        if (fail.ended().isPresent()) {
            // A word from before the failure is no word about it.
            draft.lastHandledRetry = seen.retry().orElse(null);
        }
        draft.ready(fail.failure().reason(), fail.failure().message(), now);
    }

    private void takeIn(TakeIn taken) {
        ends.takeIn(taken.ended());
        if (draft.unknownRevisions != null
                && draft.lastFailure != null
                && draft.lastFailure.reason().kind().stalls()) {
            // That the spec's image lacks the rows is news: what stalled before does not stop the rollback.
            draft.lastFailure = null;
        }
        draft.ready(
                Reason.Applying,
                "Job " + taken.ended().job() + " has ended with the database at "
                        + Revisions.named(taken.reading().revisions()) + ", and what is next is decided",
                now);
    }
}
