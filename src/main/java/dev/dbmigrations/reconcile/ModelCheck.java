package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DatabaseMigrationStatus.Comparison;
import dev.dbmigrations.api.ModelsReason;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Asked;
import dev.dbmigrations.job.SeenAttempt.Died;
import dev.dbmigrations.job.SeenAttempt.Kind;
import dev.dbmigrations.reconcile.Decision.EndCheck;
import dev.dbmigrations.reconcile.Decision.Look;
import dev.dbmigrations.reconcile.Decision.Settle;
import dev.dbmigrations.reconcile.Decision.StartCheck;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * When the tables are compared with the models: while the database rests at its target, and never in the way of
 * anything. A check holds no lock and writes nothing, so what moves the database does not wait for one: it deletes the
 * check's Job and begins. Pure.
 */
final class ModelCheck {

    private ModelCheck() {}

    /** The database is at the target and nothing moves it. */
    static Decision atRest(Observation seen, AtRevisions current, Instant now) {
        Settle rest = new Settle(current, Optional.empty());
        if (!seen.spec().modelCheck().wanted() || !isSaid(seen)) {
            return rest;
        }
        Optional<SeenAttempt> newest = newest(seen, current.revisions());
        if (newest.isPresent() && !takenIn(seen.status().modelCheck(), newest.get())) {
            return newest.get().over() ? new EndCheck(current, newest.get()) : rest;
        }
        if (!isDue(seen, seen.status(), current.revisions(), now)) {
            return rest;
        }
        return Decide.fresh(current, now) ? new StartCheck(current, seen.nextAttempt()) : new Look();
    }

    /**
     * {@return how long until the next check is due; empty where none will be, or one runs}
     *
     * @param status as it is written now
     */
    static Optional<Duration> wait(Observation seen, DatabaseMigrationStatus status, Instant now) {
        List<String> rows = Objects.requireNonNullElse(status.currentRevisions(), List.of());
        if (seen.checks().stream().anyMatch(check -> !check.over())) {
            return Optional.empty();
        }
        return isDue(seen, status, rows, now)
                ? Optional.of(Duration.ZERO)
                : again(seen.spec(), status.modelCheck(), now).map(at -> Duration.between(now, at));
    }

    /**
     * Whether the last comparison is about the spec, the rows and the database as they are, and as they were all the
     * time since: what is pending again has been let go of.
     */
    static boolean stands(DatabaseMigrationStatus status, long generation, List<String> rows) {
        Comparison last = status.modelCheck();
        boolean pending = status.condition(ModelsReason.CONDITION)
                .filter(condition -> ModelsReason.CheckPending.name().equals(condition.getReason()))
                .isPresent();
        return last != null
                && (last.checkedAt() == null || !pending)
                && last.generation() == generation
                && last.revisions().equals(rows)
                && (status.attempt() == null || status.attempt().number() < last.attempt())
                && (status.lastReached() == null || !status.lastReached().at().isAfter(last.startedAt()));
    }

    /** {@return the newest check, where it is about the spec and the rows as they are} */
    static Optional<SeenAttempt> newest(Observation seen, List<String> rows) {
        int moved =
                seen.status().attempt() == null ? 0 : seen.status().attempt().number();
        return seen.checks().stream()
                .findFirst()
                .filter(check -> check.generation() == seen.generation()
                        && check.number() > moved
                        && check.asked().expected().equals(rows));
    }

    /** {@return what becomes of a check that the cluster refuses: one that has ended without an answer} */
    static EndCheck refused(Observation seen, StartCheck check, String why, Instant now) {
        Asked asked = new Asked(
                Kind.Check,
                seen.spec().targetRevision(),
                seen.spec().image(),
                seen.spec().alembic(),
                check.reading().revisions(),
                false,
                false,
                null);
        return new EndCheck(
                check.reading(),
                new SeenAttempt(
                        "",
                        check.number(),
                        seen.generation(),
                        asked,
                        now,
                        null,
                        new Died(Reason.PodRejected, why, false)));
    }

    private static boolean isDue(Observation seen, DatabaseMigrationStatus status, List<String> rows, Instant now) {
        DatabaseMigrationSpec spec = seen.spec();
        return spec.modelCheck().wanted()
                && !spec.suspend()
                && (Standing.retryAsked(seen)
                        || !stands(status, seen.generation(), rows)
                        || again(spec, status.modelCheck(), now)
                                .filter(at -> !at.isAfter(now))
                                .isPresent());
    }

    /** {@return when what was compared is compared again; empty while it is not over, and where once is enough} */
    private static Optional<Instant> again(DatabaseMigrationSpec spec, @Nullable Comparison last, Instant now) {
        if (last == null || last.checkedAt() == null) {
            return Optional.empty();
        }
        Duration every = spec.modelCheck().every();
        Duration pause = last.failures() == null ? every : Backoff.betweenChecks(last.failures(), every, last.job());
        // What is yet to come was written by a clock that was ahead of this one, and is no time to wait for.
        return Optional.ofNullable(pause).map(last.checkedAt().isAfter(now) ? any -> now : last.checkedAt()::plus);
    }

    private static boolean takenIn(@Nullable Comparison last, SeenAttempt check) {
        return last != null
                && (last.attempt() > check.number() || (last.attempt() == check.number() && last.checkedAt() != null));
    }

    /** Whether people can see already that the database is at the target. */
    private static boolean isSaid(Observation seen) {
        return Long.valueOf(seen.generation()).equals(seen.status().observedGeneration())
                && seen.status()
                        .condition("Ready")
                        .filter(ready -> Reason.AtTarget.name().equals(ready.getReason()))
                        .isPresent();
    }
}
