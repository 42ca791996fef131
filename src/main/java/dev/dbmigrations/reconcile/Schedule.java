package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.database.Reading;
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

/** When to come back to a resource if nothing happens before. Every decision comes back: none is ever stranded. */
final class Schedule {

    private static final Duration SOON = Duration.ofMillis(50);
    private static final Duration ANSWER_IS_LATE = Duration.ofSeconds(1);

    /** A changed Secret is noticed within this, while something waits for it. */
    private static final Duration SECRET_MAY_CHANGE = Duration.ofSeconds(5);

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
            case ReadPlan read -> SOON;
            case KeepPlan kept -> SOON;
            case ShowPlan shown -> nextReading(resource, seen, status, now);
            case AwaitApproval awaiting -> nextReading(resource, seen, status, now);
            case PlanAnew anew -> ANSWER_IS_LATE;
            case Start start -> Backoff.whileRunning(now, now);
            case Await await -> nextReading(resource, seen, status, now);
            case Discard discard -> ANSWER_IS_LATE;
            case Settle settle -> atRest(resource, seen, status, now);
            case StartCheck start -> atRest(resource, seen, status, now);
            case EndCheck end -> atRest(resource, seen, status, now);
            case Suspend suspend -> nextReading(resource, seen, status, now);
            case Fail(var failure, var ended) -> {
                Duration soonest = nextReading(resource, seen, status, now);
                if (failure.reason().kind() != Reason.Kind.STALLED) {
                    soonest = shorter(soonest, SECRET_MAY_CHANGE);
                }
                Instant retryAt = failure.retryAt();
                yield retryAt == null || Standing.stillReadOnly(failure, seen)
                        ? soonest
                        : atLeastSoon(shorter(soonest, Duration.between(now, retryAt)));
            }
        };
    }

    private static Duration atRest(
            DatabaseMigration resource, Observation seen, DatabaseMigrationStatus status, Instant now) {
        Duration reading = nextReading(resource, seen, status, now);
        // While an attempt is still to be seen to have ended, its end wakes the loop.
        return ModelCheck.wait(seen, status, now)
                .map(wait -> shorter(reading, wait.compareTo(ANSWER_IS_LATE) < 0 ? ANSWER_IS_LATE : wait))
                .orElse(reading);
    }

    /** {@return when the database is to be read again; an answer that is waited for wakes the loop by itself} */
    private static Duration nextReading(
            DatabaseMigration resource, Observation seen, DatabaseMigrationStatus status, Instant now) {
        if (seen.askedAt().isPresent()) {
            return ANSWER_IS_LATE;
        }
        Duration wanted = Observer.wantedAge(status, resource, seen.underWay(), now);
        Instant last = seen.reading().map(Reading::at).orElse(now);
        return atLeastSoon(Duration.between(now, last.plus(wanted)));
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    private static Duration atLeastSoon(Duration duration) {
        return duration.compareTo(SOON) < 0 ? SOON : duration;
    }
}
