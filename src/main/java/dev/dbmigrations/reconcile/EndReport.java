package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigrationStatus.LastReached;
import dev.dbmigrations.api.DatabaseMigrationStatus.Migration;
import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.job.Leave;
import dev.dbmigrations.job.RunResult;
import dev.dbmigrations.job.RunResult.Outcome;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Ended;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/** What the end of an attempt teaches: the version table, what the target means, and what was done. Pure. */
final class EndReport {

    private final Observation seen;
    private final StatusDraft draft;
    private final AttemptReport attempts;
    private final Instant now;

    EndReport(Observation seen, StatusDraft draft, AttemptReport attempts, Instant now) {
        this.seen = seen;
        this.draft = draft;
        this.attempts = attempts;
        this.now = now;
    }

    void takeIn(SeenAttempt ended) {
        draft.attempt = attempts.ended(ended);
        if (!(ended.state() instanceof Ended(RunResult result))) {
            return;
        }
        boolean current = ended.generation() == seen.generation();
        if (ended.isRollback()) {
            // What the target means, and where it is kept, is the spec's image's to say.
            draft.pending = current ? result.pending() : draft.pending;
        } else {
            draft.versionTable = result.versionTable() == null ? draft.versionTable : result.versionTable();
            if (current && result.resolvedTarget() != null) {
                resolved(result, result.resolvedTarget());
            }
        }
        if (result.outcome() == Outcome.Succeeded && !ended.isPlan()) {
            reachedEarlier(ended, result);
        }
        Leave leave = ended.asked().leave();
        Optional<List<String>> from = Optional.ofNullable(result.from());
        Optional<List<String>> to = Optional.ofNullable(result.current());
        if (from.isPresent() && to.isPresent() && !from.equals(to) && result.direction() != null) {
            draft.addToHistory(new Migration(
                    from.get(),
                    to.get(),
                    result.direction(),
                    ended.asked().image(),
                    ended.imageDigest(),
                    ended.job(),
                    ended.createdAt(),
                    result.baselined() == null ? null : result.baselined().revision(),
                    leave == null ? null : leave.plan(),
                    leave == null ? null : leave.approvedBy(),
                    result.seconds()));
        }
    }

    private void resolved(RunResult result, List<String> target) {
        draft.resolvedFor = Target.resolvedFor(seen.spec());
        draft.resolvedTarget = target;
        draft.head = result.heads() == null ? null : String.join(",", result.heads());
        draft.pending = result.pending();
        draft.unknownRevisions = result.unknown();
    }

    /** A run for an older spec reached what that spec wanted: the way down from there stays open (rule 5). */
    private void reachedEarlier(SeenAttempt ended, RunResult result) {
        List<String> rows = result.current();
        if (ended.generation() == seen.generation()
                || rows == null
                || !(seen.reading().orElse(null) instanceof AtRevisions reading)
                || !reading.revisions().equals(rows)) {
            return;
        }
        Target.identity(seen.secret(), reading)
                .ifPresent(database -> draft.lastReached = new LastReached(
                        ended.asked().target(),
                        reading.revisions(),
                        ended.asked().image(),
                        ended.imageDigest(),
                        null,
                        ended.asked().alembic(),
                        database,
                        now.truncatedTo(ChronoUnit.SECONDS)));
    }
}
