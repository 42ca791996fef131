package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus.LastFailure;
import dev.dbmigrations.api.DatabaseMigrationStatus.LeftBehind;
import dev.dbmigrations.api.DowngradePolicy;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.api.Revisions;
import dev.dbmigrations.api.ShortText;
import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.job.RunResult;
import dev.dbmigrations.job.RunResult.Outcome;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Died;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Failures as the status keeps them: each with what it was decided on. */
final class Failures {

    private static final int LONGEST_STATEMENT = 500;

    private Failures() {}

    /** {@return the failure of a Secret or a database to say where the database is; the same one while it lasts} */
    static LastFailure ofLooking(Observation seen, Reason reason, String message, Instant now) {
        LastFailure before = seen.status().lastFailure();
        Instant since = before != null && before.job() == null && before.reason() == reason
                ? before.at()
                : now.truncatedTo(ChronoUnit.SECONDS);
        return new LastFailure(
                reason,
                ShortText.ofLength(message, Conditions.LONGEST_MESSAGE),
                null,
                null,
                null,
                null,
                since,
                1,
                null,
                seen.generation(),
                seen.secretVersion().orElse(null),
                null,
                null);
    }

    /** {@return the failure that a run reported} */
    static LastFailure ofResult(
            Observation seen, SeenAttempt attempt, RunResult result, Optional<AtRevisions> after, Instant now) {
        String message = result.message() == null ? "the run failed and gave no reason" : result.message();
        // A reading of another table than the run's says nothing of what the run left.
        Optional<AtRevisions> sameTable = after.filter(reading -> readWhere(result, reading));
        return of(seen, attempt, reason(result), message, result, rows(sameTable, result.current()), now);
    }

    /** {@return why the run failed; only a failure is believed of a run, never that all is well} */
    static Reason reason(RunResult result) {
        if (result.outcome() == Outcome.Superseded) {
            return Reason.Interrupted;
        }
        Reason reason = result.reason();
        return reason == null || !reason.kind().fails() || reason == Reason.Unknown ? Reason.EnvironmentFailed : reason;
    }

    /** {@return the failure that no rollback may follow on what the run found} */
    static LastFailure ofRefusal(
            Observation seen, SeenAttempt attempt, Rollback.Refusal refusal, AtRevisions after, Instant now) {
        return of(seen, attempt, refusal.reason(), refusal.message(), null, after.revisions(), now);
    }

    /** {@return whether the reading is of the table that the run kept its rows in} */
    static boolean readWhere(RunResult result, AtRevisions reading) {
        return result.versionTable() == null
                || Target.versionTable(reading)
                        .filter(table -> !table.equals(result.versionTable()))
                        .isEmpty();
    }

    /** {@return the failure that an attempt comes to by something else than its own word} */
    static LastFailure ofAttempt(
            Observation seen,
            SeenAttempt attempt,
            Reason reason,
            String message,
            Optional<AtRevisions> after,
            Instant now) {
        return of(seen, attempt, reason, message, null, rows(after, null), now);
    }

    /** {@return the failure of a run that died without a word} */
    static LastFailure ofDeath(
            Observation seen, SeenAttempt attempt, Died died, Optional<AtRevisions> after, Instant now) {
        List<String> invalid = after.map(AtRevisions::invalidIndexes).orElse(List.of());
        if (died.started()
                && !attempt.isPlan()
                && !invalid.isEmpty()
                && after.filter(rows -> Target.reached(seen, rows)).isPresent()) {
            String message = died.message() + "; the database is at the target, but index " + invalid.getFirst()
                    + " is not valid: build it again or drop it, then set the annotation "
                    + DatabaseMigration.RETRY_ANNOTATION;
            return of(seen, attempt, Reason.PartiallyApplied, message, null, rows(after, null), now);
        }
        String indexes = died.reason() == Reason.PartiallyApplied && !invalid.isEmpty()
                ? "; invalid indexes: " + String.join(", ", invalid)
                : "";
        return of(seen, attempt, died.reason(), died.message() + indexes, null, rows(after, null), now);
    }

    private static LastFailure of(
            Observation seen,
            SeenAttempt attempt,
            Reason reason,
            String message,
            @Nullable RunResult result,
            @Nullable List<String> rows,
            Instant now) {
        RunResult.Failure failure = result == null ? null : result.failure();
        int count = reason.kind() == Reason.Kind.RETRIED ? inARow(seen) + 1 : 1;
        Instant retryAt = reason.kind() == Reason.Kind.RETRIED
                // From the end of the attempt on, which may long be past where the database was away since.
                ? seen.newestEndSeenAt()
                        .orElse(now)
                        .plus(Backoff.betweenAttempts(count, seen.uid()))
                        .truncatedTo(ChronoUnit.MILLIS)
                : null;
        return new LastFailure(
                reason,
                ShortText.ofLength(message + policySays(seen, reason), Conditions.LONGEST_MESSAGE),
                failure == null || failure.revision() == null
                        ? null
                        : ShortText.ofLength(failure.revision(), Revisions.LONGEST),
                failure == null ? null : failure.sqlstate(),
                failure == null ? null : cut(failure.statement()),
                attempt.job(),
                now.truncatedTo(ChronoUnit.SECONDS),
                count,
                retryAt,
                // A spec that came before a person could know of what was left behind is no word about it (rule 10).
                reason == Reason.PartiallyApplied ? seen.generation() : attempt.generation(),
                seen.secretVersion().orElse(null),
                rows,
                leftBehind(seen, reason, result, rows));
    }

    /** {@return what is there to be mended; what an earlier run told stays told while nothing has moved} */
    private static @Nullable LeftBehind leftBehind(
            Observation seen, Reason reason, @Nullable RunResult result, @Nullable List<String> rows) {
        if (result != null && result.partial() != null) {
            return result.partial().leftBehind();
        }
        LastFailure before = seen.status().lastFailure();
        return reason == Reason.PartiallyApplied && before != null && Objects.equals(before.currentRevisions(), rows)
                ? before.leftBehind()
                : null;
    }

    /** {@return why {@code spec.downgrade} is no way out here, where it is not} */
    private static String policySays(Observation seen, Reason reason) {
        DowngradePolicy greatest = seen.greatestDowngrade();
        boolean forbidden = reason == Reason.DowngradeForbidden && greatest == DowngradePolicy.Never;
        boolean ahead = reason == Reason.DatabaseAhead && greatest != DowngradePolicy.Always;
        return forbidden || ahead
                ? " (the operator's policy lets no more than downgrade: " + greatest
                        + " count in this namespace, whatever this resource says)"
                : "";
    }

    /** {@return how many attempts for this generation failed in a row and were retried by themselves} */
    private static int inARow(Observation seen) {
        LastFailure before = seen.status().lastFailure();
        return before != null
                        && before.job() != null
                        && before.generation() == seen.generation()
                        && before.reason().kind() == Reason.Kind.RETRIED
                ? before.count()
                : 0;
    }

    private static @Nullable List<String> rows(Optional<AtRevisions> after, @Nullable List<String> reported) {
        return after.map(AtRevisions::revisions).orElse(reported);
    }

    private static @Nullable String cut(@Nullable String statement) {
        return statement == null ? null : ShortText.ofLength(statement, LONGEST_STATEMENT);
    }
}
