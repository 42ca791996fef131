package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DatabaseMigrationStatus.LastFailure;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.database.Progress;
import dev.dbmigrations.database.Reading;
import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.database.Reading.Refused;
import dev.dbmigrations.database.Reading.Unreachable;
import dev.dbmigrations.job.RunResult;
import dev.dbmigrations.job.RunResult.Outcome;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Died;
import dev.dbmigrations.job.SeenAttempt.Ended;
import dev.dbmigrations.job.SeenAttempt.NoPod;
import dev.dbmigrations.job.SeenAttempt.Rejected;
import dev.dbmigrations.job.SeenAttempt.Running;
import dev.dbmigrations.job.SeenAttempt.Waiting;
import dev.dbmigrations.reconcile.Decision.Await;
import dev.dbmigrations.reconcile.Decision.Discard;
import dev.dbmigrations.reconcile.Decision.Fail;
import dev.dbmigrations.reconcile.Decision.Look;
import dev.dbmigrations.reconcile.Decision.Settle;
import dev.dbmigrations.reconcile.Decision.Start;
import dev.dbmigrations.reconcile.Decision.Suspend;
import dev.dbmigrations.reconcile.Decision.TakeIn;
import dev.dbmigrations.reconcile.SecretState.Invalid;
import dev.dbmigrations.reconcile.SecretState.Missing;
import dev.dbmigrations.reconcile.SecretState.Present;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The rules, from top to bottom. Pure: the same observation and clock give the same decision. */
final class Decide {

    /** A reading older than this is no ground to start from. */
    private static final Duration FRESH = Duration.ofSeconds(20);

    private Decide() {}

    /** The next thing to do about one resource. */
    static Decision decide(Observation seen, Instant now) {
        Optional<SeenAttempt> underWay = seen.underWay();
        if (underWay.isPresent()) {
            return underWay(seen, underWay.get());
        }
        Optional<SeenAttempt> newest = seen.newest();
        if (newest.isPresent() && !seen.takenIn(newest.get())) {
            return over(seen, newest.get(), now);
        }
        return switch (seen.secret()) {
            case Missing missing -> unlessStanding(seen, now, Reason.CredentialsNotFound, missing.message());
            case Invalid invalid -> unlessStanding(seen, now, Reason.CredentialsInvalid, invalid.message());
            case Present present ->
                switch (seen.reading().orElse(null)) {
                    case null -> new Look();
                    case Unreachable why -> unlessStanding(seen, now, Reason.DatabaseUnreachable, why.message());
                    case Refused why -> unlessStanding(seen, now, Reason.CredentialsRefused, why.message());
                    case AtRevisions current -> towardsTarget(seen, current, now);
                };
        };
    }

    /** One attempt at a time (rule 2): whatever the spec says by now, what runs ends by itself. */
    private static Decision underWay(Observation seen, SeenAttempt attempt) {
        // The database knows the end before the cluster does: at the target, and nobody works in it any more.
        // An attempt for an older spec only comes by there.
        if (seen.reading().orElse(null) instanceof AtRevisions current
                && attempt.generation() == seen.generation()
                && current.at().isAfter(attempt.createdAt())
                && !current.busy()
                && current.invalidIndexes().isEmpty()
                && !current.revisions().equals(attempt.asked().expected())
                && reached(seen, current)) {
            return new Settle(current, Optional.empty());
        }
        if (settledEarly(seen, attempt) && !(seen.reading().orElse(null) instanceof AtRevisions)) {
            return new Look();
        }
        if (attempt.neverStarted() && attempt.generation() != seen.generation()) {
            return new Discard(attempt);
        }
        return switch (attempt.state()) {
            case NoPod none -> new Await(attempt, Reason.Applying, "waiting for the pod of Job " + attempt.job());
            case Rejected why -> new Await(attempt, Reason.PodRejected, why.message());
            case Waiting waiting
            when waiting.message() != null -> new Await(attempt, Reason.WaitingForPod, waiting.message());
            case Waiting waiting ->
                new Await(attempt, Reason.Applying, "the pod of Job " + attempt.job() + " is starting");
            case Running running -> running(seen, attempt);
            case Ended ended -> throw new IllegalArgumentException("an attempt that is over is not under way");
            case Died died -> throw new IllegalArgumentException("an attempt that is over is not under way");
        };
    }

    /** A run says that it waits until it has prepared itself: for a moment it waits for a lock that it has. */
    private static boolean heldByAnother(AtRevisions current, String uid, SeenAttempt attempt) {
        String own = "dbmigrations/" + uid + "/" + attempt.number();
        return current.lockHolder()
                .filter(session -> !session.applicationName().equals(own)
                        && !session.applicationName().startsWith(own + "/"))
                .isPresent();
    }

    /** Whether the database's word was taken for this attempt's end, before the cluster had noticed it. */
    private static boolean settledEarly(Observation seen, SeenAttempt attempt) {
        DatabaseMigrationStatus.Attempt known = seen.status().attempt();
        return known != null
                && known.number() == attempt.number()
                && observed(seen) == seen.generation()
                && seen.status()
                        .condition("Ready")
                        .filter(ready -> "True".equals(ready.getStatus()))
                        .isPresent();
    }

    private static Decision running(Observation seen, SeenAttempt attempt) {
        String doing = "Job " + attempt.job() + " is bringing the database to "
                + attempt.asked().target();
        if (seen.reading().orElse(null) instanceof AtRevisions current) {
            Progress progress = current.progress().orElse(null);
            if (progress instanceof Progress.Waiting && heldByAnother(current, seen.uid(), attempt)) {
                String holder = current.lockHolder()
                        .map(session -> "; session " + session.pid() + " (" + session.applicationName() + ") has it")
                        .orElse("");
                return new Await(
                        attempt,
                        Reason.WaitingForLock,
                        "Job " + attempt.job() + " waits for the database's lock" + holder);
            }
            if (progress instanceof Progress.Executed executed && executed.total() > 0) {
                return new Await(
                        attempt,
                        Reason.Applying,
                        doing + ": " + executed.executed() + " of " + executed.total() + " revisions executed");
            }
        }
        return new Await(attempt, Reason.Applying, doing);
    }

    /** An attempt is over and nobody has taken that in: what it says is held against the database (rules 3 and 8). */
    private static Decision over(Observation seen, SeenAttempt attempt, Instant now) {
        Optional<AtRevisions> after = seen.reading()
                .filter(reading -> seen.newestEndSeenAt().isPresent()
                        && !reading.at().isBefore(seen.newestEndSeenAt().get()))
                .filter(AtRevisions.class::isInstance)
                .map(AtRevisions.class::cast);
        if (after.isEmpty() && seen.secret() instanceof Present && !answeredSince(seen)) {
            return new Look();
        }
        return switch (attempt.state()) {
            case Ended ended ->
                after.isPresent()
                        ? compared(seen, attempt, ended.result(), after.get(), now)
                        : unverified(seen, attempt, ended.result(), now);
            case Died died when died.started() && after.isEmpty() -> whyNotRead(seen, now);
            case Died died
            when after.isPresent()
                    && reached(seen, after.get())
                    && after.get().invalidIndexes().isEmpty() -> new Settle(after.get(), Optional.of(attempt));
            case Died died -> new Fail(Failures.ofDeath(seen, attempt, died, after, now), Optional.of(attempt));
            case NoPod none -> throw new IllegalArgumentException("an attempt without a pod is not over");
            case Rejected why -> throw new IllegalArgumentException("an attempt without a pod is not over");
            case Waiting waiting -> throw new IllegalArgumentException("an attempt that waits is not over");
            case Running running -> throw new IllegalArgumentException("an attempt that runs is not over");
        };
    }

    private static Decision compared(
            Observation seen, SeenAttempt attempt, RunResult result, AtRevisions after, Instant now) {
        boolean current = attempt.generation() == seen.generation();
        return switch (result.outcome()) {
            case Succeeded ->
                current && after.revisions().equals(sorted(result.current()))
                        ? new Settle(after, Optional.of(attempt))
                        : new TakeIn(attempt, after);
            case Superseded ->
                // The same decision would be superseded again: pause, so that it is no spin.
                after.revisions().equals(attempt.asked().expected()) && Failures.readWhere(result, after)
                        ? new Fail(
                                Failures.ofResult(seen, attempt, result, Optional.of(after), now), Optional.of(attempt))
                        : new TakeIn(attempt, after);
            case Failed ->
                result.reason() != Reason.PartiallyApplied && reached(seen, after)
                        ? new Settle(after, Optional.of(attempt))
                        : new Fail(
                                Failures.ofResult(seen, attempt, result, Optional.of(after), now),
                                Optional.of(attempt));
        };
    }

    /**
     * The run is over and the database does not answer. A success stays unsaid until it does (rule 8), and so does what
     * would be tried again: where it left the rows, the next decision has to know.
     */
    private static Decision unverified(Observation seen, SeenAttempt attempt, RunResult result, Instant now) {
        Reason reason = Failures.reason(result);
        boolean known = result.current() != null || reason.kind() != Reason.Kind.RETRIED;
        return result.outcome() == Outcome.Failed && known
                ? new Fail(Failures.ofResult(seen, attempt, result, Optional.empty(), now), Optional.of(attempt))
                : whyNotRead(seen, now);
    }

    private static Decision whyNotRead(Observation seen, Instant now) {
        return switch (seen.secret()) {
            case Missing missing -> fail(seen, now, Reason.CredentialsNotFound, missing.message());
            case Invalid invalid -> fail(seen, now, Reason.CredentialsInvalid, invalid.message());
            case Present present ->
                switch (seen.reading().orElse(null)) {
                    case Unreachable why -> fail(seen, now, Reason.DatabaseUnreachable, why.message());
                    case Refused why -> fail(seen, now, Reason.CredentialsRefused, why.message());
                    case AtRevisions old -> new Look();
                    case null -> new Look();
                };
        };
    }

    /** The database answered and nothing runs. */
    private static Decision towardsTarget(Observation seen, AtRevisions current, Instant now) {
        Optional<LastFailure> standing = Standing.failure(seen, Optional.of(current.revisions()), now);
        if (standing.isPresent() && standing.get().reason() == Reason.PartiallyApplied) {
            // Even at the target (rule 10): what was left behind does not show in the version table.
            return new Fail(standing.get(), Optional.empty());
        }
        if (Target.reached(seen, current)) {
            return reached(seen, current) ? new Settle(current, Optional.empty()) : new Look();
        }
        if (seen.spec().suspend()) {
            return new Suspend(current);
        }
        if (standing.isPresent()) {
            return new Fail(standing.get(), Optional.empty());
        }
        if (!current.at().plus(FRESH).isAfter(now)) {
            return new Look();
        }
        boolean retry = Standing.retryAsked(seen);
        DatabaseMigrationStatus.Attempt last = seen.status().attempt();
        boolean interrupted = last != null && last.interruptedFor() != null;
        return new Start(current, seen.nextAttempt(), Target.downgrade(seen, current), interrupted && !retry, retry);
    }

    /** Whether the database was seen at the target since the spec is what it is: before, it may have moved on. */
    private static boolean reached(Observation seen, AtRevisions current) {
        return Target.reached(seen, current) && !current.at().isBefore(seen.specSeenAt());
    }

    /** A failure that waits for a person says more than that the database is away at the moment. */
    private static Decision unlessStanding(Observation seen, Instant now, Reason reason, String message) {
        return Standing.failure(seen, Optional.empty(), now)
                .map(failure -> (Decision) new Fail(failure, Optional.empty()))
                .orElseGet(() -> fail(seen, now, reason, message));
    }

    private static Decision fail(Observation seen, Instant now, Reason reason, String message) {
        return new Fail(Failures.ofLooking(seen, reason, message, now), Optional.empty());
    }

    private static boolean answeredSince(Observation seen) {
        Optional<Reading> reading = seen.reading();
        return reading.isPresent()
                && seen.newestEndSeenAt().isPresent()
                && !reading.get().at().isBefore(seen.newestEndSeenAt().get());
    }

    private static long observed(Observation seen) {
        Long observed = seen.status().observedGeneration();
        return observed == null ? -1 : observed;
    }

    private static List<String> sorted(@Nullable List<String> revisions) {
        return revisions == null ? List.of() : revisions.stream().sorted().toList();
    }
}
