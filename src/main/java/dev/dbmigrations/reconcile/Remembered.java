package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.api.DatabaseMigrationStatus.DatabaseIdentity;
import dev.dbmigrations.api.DatabaseMigrationStatus.LastReached;
import dev.dbmigrations.job.RunResult;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Ended;
import dev.dbmigrations.job.SeenAttempt.Waiting;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is remembered of the last target reached: the one base of rules 5 and 6. Pure. */
final class Remembered {

    private Remembered() {}

    /**
     * {@return what to remember of the spec's target, at which the rows were read (rule 8)}
     *
     * <p>A rollback needs an image that contains these rows. The spec's does where it ran; but a spec that only names
     * another image for rows that are there already has shown nothing, so the image that brought them there stays.
     */
    static LastReached reached(
            Observation seen, @Nullable LastReached before, List<String> rows, DatabaseIdentity database, Instant now) {
        DatabaseMigrationSpec spec = seen.spec();
        LastReached fresh = new LastReached(
                spec.targetRevision(),
                rows,
                spec.image(),
                digest(seen, before),
                null,
                spec.alembic(),
                database,
                now.truncatedTo(ChronoUnit.SECONDS));
        if (before == null
                || !before.revisions().equals(rows)
                || !before.database().equals(database)) {
            return fresh;
        }
        boolean shown = seen.attempts().stream().anyMatch(attempt -> broughtTo(rows, attempt, seen));
        LastReached reached = shown ? fresh : of(before, fresh.targetRevision(), null, fresh.at());
        return of(reached, reached.targetRevision(), null, before.at()).equals(before) ? before : reached;
    }

    /** {@return the same, with whether the attempt under way waits for the remembered image} */
    static @Nullable LastReached whileUnderWay(@Nullable LastReached last, SeenAttempt attempt) {
        if (last == null
                || !attempt.isRollback()
                || !last.image().equals(attempt.asked().image())) {
            return last;
        }
        boolean missing = attempt.state() instanceof Waiting waiting && waiting.forItsImage();
        return of(last, last.targetRevision(), missing ? true : null, last.at());
    }

    private static LastReached of(LastReached last, String target, @Nullable Boolean imageMissing, Instant at) {
        return new LastReached(
                target,
                last.revisions(),
                last.image(),
                last.imageDigest(),
                imageMissing,
                last.alembic(),
                last.database(),
                at);
    }

    /** Whether the spec's own image ran and had these rows in the end, or is just bringing the database there. */
    private static boolean broughtTo(List<String> rows, SeenAttempt attempt, Observation seen) {
        return isOfSpec(attempt, seen)
                && switch (attempt.state()) {
                    case Ended(RunResult result) -> result.unknown() == null && rows.equals(result.current());
                    case SeenAttempt.State other -> attempt.generation() == seen.generation();
                };
    }

    private static @Nullable String digest(Observation seen, @Nullable LastReached before) {
        return seen.attempts().stream()
                .filter(attempt -> isOfSpec(attempt, seen))
                .map(SeenAttempt::imageDigest)
                .filter(Objects::nonNull)
                .findFirst()
                .or(() -> Optional.ofNullable(before)
                        .filter(last -> last.image().equals(seen.spec().image()))
                        .map(LastReached::imageDigest))
                .orElse(null);
    }

    private static boolean isOfSpec(SeenAttempt attempt, Observation seen) {
        return !attempt.isRollback()
                && attempt.asked().image().equals(seen.spec().image())
                && attempt.asked().alembic().equals(seen.spec().alembic());
    }
}
