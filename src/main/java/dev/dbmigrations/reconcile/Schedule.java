package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.database.Reading;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.reconcile.Decision.Await;
import dev.dbmigrations.reconcile.Decision.Discard;
import dev.dbmigrations.reconcile.Decision.Fail;
import dev.dbmigrations.reconcile.Decision.Look;
import dev.dbmigrations.reconcile.Decision.Settle;
import dev.dbmigrations.reconcile.Decision.Start;
import dev.dbmigrations.reconcile.Decision.Suspend;
import dev.dbmigrations.reconcile.Decision.TakeIn;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** When to come back to a resource if nothing happens before. Every decision comes back: none is ever stranded. */
final class Schedule {

    private static final Duration SOON = Duration.ofMillis(50);
    private static final Duration ANSWER_IS_LATE = Duration.ofSeconds(1);

    private Schedule() {}

    static Duration next(
            DatabaseMigration resource,
            Observation seen,
            Decision decision,
            DatabaseMigrationStatus status,
            Instant now) {
        return switch (decision) {
            case Look look -> ANSWER_IS_LATE;
            case TakeIn taken -> SOON;
            case Start start -> Backoff.whileRunning(now, now);
            case Await await -> nextReading(resource, seen, status, now);
            case Discard discard -> ANSWER_IS_LATE;
            case Settle settle -> nextReading(resource, seen, status, now);
            case Suspend suspend -> nextReading(resource, seen, status, now);
            case Fail(var failure, var ended) -> {
                Duration reading = nextReading(resource, seen, status, now);
                Instant retryAt = failure.retryAt();
                Duration retry = retryAt == null ? reading : Duration.between(now, retryAt);
                yield atLeastSoon(retry.compareTo(reading) < 0 ? retry : reading);
            }
        };
    }

    /** {@return when the database is to be read again} */
    private static Duration nextReading(
            DatabaseMigration resource, Observation seen, DatabaseMigrationStatus status, Instant now) {
        Optional<SeenAttempt> running = seen.newest().filter(attempt -> !attempt.over());
        Duration wanted = Observer.wantedAge(status, resource, running, now);
        Instant last = seen.reading().map(Reading::at).orElse(now);
        return atLeastSoon(Duration.between(now, last.plus(wanted)));
    }

    private static Duration atLeastSoon(Duration duration) {
        return duration.compareTo(SOON) < 0 ? SOON : duration;
    }
}
