package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigrationStatus.Attempt;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.database.Progress.Executed;
import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.job.RunResult;
import dev.dbmigrations.job.RunResult.Outcome;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Died;
import dev.dbmigrations.job.SeenAttempt.Ended;
import dev.dbmigrations.reconcile.Decision.Start;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the status says of the newest attempt, and what it has to remember of those before. Pure. */
final class AttemptReport {

    private final Observation seen;
    private final Instant now;

    AttemptReport(Observation seen, Instant now) {
        this.seen = seen;
        this.now = now;
    }

    Attempt started(Start start, String job) {
        return new Attempt(
                start.number(),
                seen.generation(),
                start.kind().name(),
                job,
                now.truncatedTo(ChronoUnit.SECONDS),
                null,
                null,
                null,
                null,
                halfWay(start.reading().revisions()),
                start.afterInterruption() ? interruptedFor() : null,
                null);
    }

    Attempt underWay(SeenAttempt attempt) {
        Optional<Executed> progress = seen.reading()
                .filter(AtRevisions.class::isInstance)
                .flatMap(reading -> ((AtRevisions) reading).progress())
                .filter(Executed.class::isInstance)
                .map(Executed.class::cast);
        return of(
                attempt,
                progress.map(some -> new RunResult.Steps(some.executed(), some.total())),
                progress,
                halfWay(attempt.asked().expected()),
                interruptedFor(),
                null);
    }

    /** It never started, and its Job is deleted: it left the rows, and the leave to go down from them, as they were. */
    Attempt discarded(SeenAttempt attempt) {
        return of(
                attempt,
                Optional.empty(),
                Optional.empty(),
                halfWay(attempt.asked().expected()),
                interruptedFor(),
                now);
    }

    Attempt ended(SeenAttempt attempt) {
        Optional<RunResult.Steps> steps = attempt.state() instanceof Ended(RunResult result)
                ? Optional.ofNullable(result.steps())
                : Optional.empty();
        // A plan has moved nothing: where it could begin, what follows it can.
        List<String> rows = attempt.isPlan() ? halfWay(attempt.asked().expected()) : rowsLeft(attempt);
        return of(
                attempt,
                steps,
                Optional.empty(),
                rows,
                attempt.isPlan() ? interruptedFor() : interruptedBy(attempt),
                now);
    }

    /**
     * The leave to go down from here is that of any target reached. And every step of the spec's own way has its row, or
     * a person has looked: then nobody is in doubt any more.
     */
    @Nullable
    Attempt atTarget(@Nullable Attempt last) {
        if (last == null) {
            return null;
        }
        Long interrupted = last.interruptedFor();
        boolean known = (interrupted != null && interrupted == seen.generation()) || Standing.retryAsked(seen);
        return new Attempt(
                last.number(),
                last.generation(),
                last.kind(),
                last.job(),
                last.startedAt(),
                last.stepsExecuted(),
                last.stepsTotal(),
                null,
                null,
                null,
                known ? null : interrupted,
                last.endedAt());
    }

    /**
     * The generation for which an attempt died and nobody knows how far it was (rule 10). That stays so over attempts
     * that never came to look, and over other targets, which have other steps: only an attempt for the same spec that
     * began its steps, and so had none to refuse, ends it; or that spec's target reached, or a person's word.
     */
    private @Nullable Long interruptedBy(SeenAttempt ended) {
        Long before = interruptedFor();
        boolean sameSpec = before != null && before == ended.generation();
        return switch (ended.state()) {
            case Died died when died.started() && before == null -> ended.generation();
            case Ended(RunResult result)
            when sameSpec && (result.outcome() == Outcome.Succeeded || hasBegun(result)) -> null;
            case SeenAttempt.State other -> before;
        };
    }

    private @Nullable Long interruptedFor() {
        Attempt last = seen.status().attempt();
        return last == null ? null : last.interruptedFor();
    }

    private static boolean hasBegun(RunResult result) {
        return result.steps() != null && result.steps().total() > 0 && result.reason() != Reason.PartiallyApplied;
    }

    /** {@return the rows that an attempt sets out from, where an earlier one had left them on its own way down} */
    private @Nullable List<String> halfWay(List<String> from) {
        Attempt last = seen.status().attempt();
        return last != null && from.equals(last.mayDowngradeFrom()) ? from : null;
    }

    /**
     * {@return the rows that an attempt with leave to go down has left, where they are known to be its own doing: it
     * began where it should, and read them at its end}
     */
    private @Nullable List<String> rowsLeft(SeenAttempt attempt) {
        List<String> expected = attempt.asked().expected();
        boolean told = attempt.asked().mayDowngrade()
                && attempt.state() instanceof Ended(RunResult result)
                && result.from() != null
                && result.current() != null
                && result.from().equals(expected)
                && (!(seen.reading().orElse(null) instanceof AtRevisions reading)
                        || reading.revisions().equals(result.current()));
        if (!told || !(attempt.state() instanceof Ended(RunResult result))) {
            return null;
        }
        List<String> left = Objects.requireNonNull(result.current());
        return left.equals(expected) ? halfWay(expected) : left;
    }

    private static Attempt of(
            SeenAttempt attempt,
            Optional<RunResult.Steps> steps,
            Optional<Executed> progress,
            @Nullable List<String> mayDowngradeFrom,
            @Nullable Long interruptedFor,
            @Nullable Instant endedAt) {
        return new Attempt(
                attempt.number(),
                attempt.generation(),
                attempt.asked().kind().name(),
                attempt.job(),
                attempt.createdAt(),
                steps.map(RunResult.Steps::executed).orElse(null),
                steps.map(RunResult.Steps::total).orElse(null),
                progress.flatMap(Executed::revision).orElse(null),
                progress.flatMap(Executed::waitsFor).map(ProgressWords::of).orElse(null),
                mayDowngradeFrom,
                interruptedFor,
                endedAt == null ? null : endedAt.truncatedTo(ChronoUnit.SECONDS));
    }
}
