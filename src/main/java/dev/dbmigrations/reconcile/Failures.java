package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigrationStatus.LastFailure;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.job.RunResult;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Died;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
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
                message,
                null,
                null,
                null,
                null,
                since,
                1,
                null,
                seen.generation(),
                seen.secretVersion().orElse(null),
                null);
    }

    /** {@return the failure that a run reported} */
    static LastFailure ofResult(
            Observation seen, SeenAttempt attempt, RunResult result, Optional<AtRevisions> after, Instant now) {
        Reason reason = result.reason() == null ? Reason.Interrupted : result.reason();
        String message = result.message() == null ? "the run failed and gave no reason" : result.message();
        RunResult.Failure failure = result.failure();
        return of(seen, attempt, reason, message, failure, rows(after, result.current()), now);
    }

    /** {@return the failure of a run that died without a word} */
    static LastFailure ofDeath(
            Observation seen, SeenAttempt attempt, Died died, Optional<AtRevisions> after, Instant now) {
        return of(seen, attempt, died.reason(), died.message(), null, rows(after, null), now);
    }

    private static LastFailure of(
            Observation seen,
            SeenAttempt attempt,
            Reason reason,
            String message,
            RunResult.@Nullable Failure failure,
            @Nullable List<String> rows,
            Instant now) {
        int count = reason.kind() == Reason.Kind.RETRIED ? inARow(seen) + 1 : 1;
        Instant retryAt = reason.kind() == Reason.Kind.RETRIED
                ? now.plus(Backoff.betweenAttempts(count, seen.uid())).truncatedTo(ChronoUnit.MILLIS)
                : null;
        return new LastFailure(
                reason,
                message,
                failure == null ? null : failure.revision(),
                failure == null ? null : failure.sqlstate(),
                failure == null ? null : cut(failure.statement()),
                attempt.job(),
                now.truncatedTo(ChronoUnit.SECONDS),
                count,
                retryAt,
                attempt.generation(),
                seen.secretVersion().orElse(null),
                rows);
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
        return after.map(AtRevisions::revisions)
                .orElse(reported == null ? null : reported.stream().sorted().toList());
    }

    private static @Nullable String cut(@Nullable String statement) {
        return statement == null || statement.length() <= LONGEST_STATEMENT
                ? statement
                : statement.substring(0, LONGEST_STATEMENT);
    }
}
