package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigrationStatus.LastFailure;
import dev.dbmigrations.database.Reading.AtRevisions;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Whether the last attempt's failure still stands, or something that it was decided on has changed. */
final class Standing {

    private static final String READ_ONLY_TRANSACTION = "25006";

    private Standing() {}

    /**
     * {@return the failure, while it stands}
     *
     * @param rows what the database says now; empty while it says nothing
     */
    static Optional<LastFailure> failure(Observation seen, Optional<List<String>> rows, Instant now) {
        LastFailure failure = seen.status().lastFailure();
        if (failure == null || failure.job() == null) {
            return Optional.empty();
        }
        boolean released = failure.generation() != seen.generation()
                || retryAsked(seen)
                || (due(failure, now) && !stillReadOnly(failure, seen))
                || secretChanged(failure, seen)
                || moved(failure, rows);
        return released ? Optional.empty() : Optional.of(failure);
    }

    /** {@return whether the retry annotation has a value that nobody has acted on} */
    static boolean retryAsked(Observation seen) {
        return seen.retry().isPresent()
                && !Objects.equals(seen.retry().get(), seen.status().lastHandledRetry());
    }

    /** What is further away than any pause was written by a clock that was ahead of this one. */
    private static boolean due(LastFailure failure, Instant now) {
        Instant at = failure.retryAt();
        return at != null && (!at.isAfter(now) || at.isAfter(now.plus(Backoff.LONGEST_BETWEEN_ATTEMPTS)));
    }

    /** Another attempt would say the same, and with each the pause would grow. */
    static boolean stillReadOnly(LastFailure failure, Observation seen) {
        return isReadOnly(failure) && seen.reading().orElse(null) instanceof AtRevisions current && current.readOnly();
    }

    /** {@return whether an attempt found that nobody can write there} */
    static boolean isReadOnly(LastFailure failure) {
        return READ_ONLY_TRANSACTION.equals(failure.sqlState());
    }

    /** Matters where the credentials were the reason, and where the failure is retried anyway. */
    private static boolean secretChanged(LastFailure failure, Observation seen) {
        boolean matters = switch (failure.reason().kind()) {
            case STALLED_ON_SECRET, RETRIED -> true;
            case STALLED, RECONCILING, READY -> false;
        };
        return matters
                && failure.secretVersion() != null
                && seen.secretVersion()
                        .filter(version -> !version.equals(failure.secretVersion()))
                        .isPresent();
    }

    private static boolean moved(LastFailure failure, Optional<List<String>> rows) {
        return failure.currentRevisions() != null
                && rows.filter(now -> !now.equals(failure.currentRevisions())).isPresent();
    }
}
