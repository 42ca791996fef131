package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigrationStatus.LastFailure;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.api.Revisions;
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
import dev.dbmigrations.reconcile.Decision.Fail;
import dev.dbmigrations.reconcile.Decision.Look;
import dev.dbmigrations.reconcile.Decision.ReadPlan;
import dev.dbmigrations.reconcile.Decision.Settle;
import dev.dbmigrations.reconcile.Decision.TakeIn;
import dev.dbmigrations.reconcile.SecretState.Invalid;
import dev.dbmigrations.reconcile.SecretState.Missing;
import dev.dbmigrations.reconcile.SecretState.Present;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** The rules when an attempt is over. Pure. */
final class Over {

    private Over() {}

    /** An attempt is over and nobody has taken that in: what it says is held against the database (rules 3 and 8). */
    static Decision decide(Observation seen, SeenAttempt attempt, Instant now) {
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
                    && Decide.reached(seen, after.get())
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
        boolean rollbackIsDue = Rollback.isDue(seen, attempt, result);
        Optional<Rollback.Refusal> refusal =
                rollbackIsDue ? Rollback.refusal(seen, result, after) : Rollback.failure(seen, attempt, result, after);
        if (refusal.isPresent()) {
            return new Fail(Failures.ofRefusal(seen, attempt, refusal.get(), after, now), Optional.of(attempt));
        }
        if (rollbackIsDue) {
            return new TakeIn(attempt, after);
        }
        if (attempt.isPlan() && result.outcome() == Outcome.Succeeded && !isAtTarget(result)) {
            return Planning.isWanted(seen, attempt, after) && seen.owner().isEmpty()
                    ? new ReadPlan(attempt, after)
                    : new TakeIn(attempt, after);
        }
        return switch (result.outcome()) {
            case Succeeded -> {
                if (!current || seen.owner().isPresent() || isPast(attempt, result, after)) {
                    yield new TakeIn(attempt, after);
                }
                Optional<Reason> untrue = untrue(seen, result, after);
                yield untrue.isEmpty()
                        ? new Settle(after, Optional.of(attempt))
                        : new Fail(contradiction(seen, attempt, untrue.get(), after, now), Optional.of(attempt));
            }
            case Superseded ->
                // The same decision would be superseded again: pause, so that it is no spin.
                after.revisions().equals(attempt.asked().expected()) && Failures.readWhere(result, after)
                        ? new Fail(
                                Failures.ofResult(seen, attempt, result, Optional.of(after), now), Optional.of(attempt))
                        : new TakeIn(attempt, after);
            case Failed ->
                result.reason() != Reason.PartiallyApplied && Decide.reached(seen, after)
                        ? new Settle(after, Optional.of(attempt))
                        : new Fail(
                                Failures.ofResult(seen, attempt, result, Optional.of(after), now),
                                Optional.of(attempt));
        };
    }

    /** Whether somebody moved the database after a success: the run says other rows, and these are not from before it. */
    private static boolean isPast(SeenAttempt attempt, RunResult result, AtRevisions after) {
        return !after.revisions().equals(rows(result))
                && (!after.revisions().equals(attempt.asked().expected()) || !Failures.readWhere(result, after));
    }

    /**
     * {@return why a success cannot be believed (rule 8), if it cannot}: the database lost it, in a failover perhaps,
     * which another attempt mends; or these rows cannot be the target at all, and the next attempt would say the same.
     */
    private static Optional<Reason> untrue(Observation seen, RunResult result, AtRevisions after) {
        if (!after.revisions().equals(rows(result))) {
            return Optional.of(Reason.Interrupted);
        }
        return Target.mayBeReached(seen.spec().targetRevision(), after)
                ? Optional.empty()
                : Optional.of(Reason.NotApplied);
    }

    private static LastFailure contradiction(
            Observation seen, SeenAttempt attempt, Reason reason, AtRevisions after, Instant now) {
        String message = "the run said success, but the version table says " + Revisions.named(after.revisions())
                + ", so target " + seen.spec().targetRevision() + " is not reached: the database has lost it again, or"
                + " something in the image, env.py perhaps, reports what is not so";
        return Failures.ofAttempt(seen, attempt, reason, message, Optional.of(after), now);
    }

    /** Whether a plan says, by the graph, that there is nothing to do. */
    private static boolean isAtTarget(RunResult planned) {
        boolean stamps = planned.plan() != null && planned.plan().baseline() != null;
        return "None".equals(planned.direction()) && !stamps;
    }

    /**
     * The run is over and the database does not answer. A success stays unsaid until it does (rule 8), and so does what
     * would be tried again: where it left the rows, the next decision has to know.
     */
    private static Decision unverified(Observation seen, SeenAttempt attempt, RunResult result, Instant now) {
        Reason reason = Failures.reason(result);
        boolean known = result.current() != null || reason.kind() != Reason.Kind.RETRIED;
        return result.outcome() == Outcome.Failed && known && !Rollback.isDue(seen, attempt, result)
                ? new Fail(Failures.ofResult(seen, attempt, result, Optional.empty(), now), Optional.of(attempt))
                : whyNotRead(seen, now);
    }

    private static Decision whyNotRead(Observation seen, Instant now) {
        return switch (seen.secret()) {
            case Missing missing -> Decide.fail(seen, now, Reason.CredentialsNotFound, missing.message());
            case Invalid invalid -> Decide.fail(seen, now, Reason.CredentialsInvalid, invalid.message());
            case Present present ->
                switch (seen.reading().orElse(null)) {
                    case Unreachable why -> Decide.fail(seen, now, Reason.DatabaseUnreachable, why.message());
                    case Refused why -> Decide.fail(seen, now, Reason.CredentialsRefused, why.message());
                    case AtRevisions old -> new Look();
                    case null -> new Look();
                };
        };
    }

    private static boolean answeredSince(Observation seen) {
        Optional<Reading> reading = seen.reading();
        return reading.isPresent()
                && seen.newestEndSeenAt().isPresent()
                && !reading.get().at().isBefore(seen.newestEndSeenAt().get());
    }

    private static List<String> rows(RunResult result) {
        return Objects.requireNonNullElse(result.current(), List.of());
    }
}
