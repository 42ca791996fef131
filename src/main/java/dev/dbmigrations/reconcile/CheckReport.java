package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigrationStatus.Comparison;
import dev.dbmigrations.api.ModelsReason;
import dev.dbmigrations.job.RunResult;
import dev.dbmigrations.job.RunResult.Outcome;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Died;
import dev.dbmigrations.job.SeenAttempt.Ended;
import dev.dbmigrations.job.SeenAttempt.Rejected;
import dev.dbmigrations.job.SeenAttempt.Waiting;
import dev.dbmigrations.reconcile.Decision.StartCheck;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the status says of the comparison with the models: the last one, and the condition of its own. Pure. */
final class CheckReport {

    private static final int LONGEST_LIST = Conditions.LONGEST_MESSAGE - 100;

    private final Observation seen;
    private final StatusDraft draft;
    private final Instant now;

    CheckReport(Observation seen, StatusDraft draft, Instant now) {
        this.seen = seen;
        this.draft = draft;
        this.now = now;
    }

    void started(StartCheck start, String job) {
        draft.modelCheck = new Comparison(
                start.number(),
                seen.generation(),
                job,
                seen.spec().image(),
                start.reading().revisions(),
                sinceReached().truncatedTo(ChronoUnit.SECONDS),
                null,
                failuresBefore());
    }

    /** {@return now; not before the target was reached, which another replica's clock may have said} */
    private Instant sinceReached() {
        return draft.lastReached == null || !draft.lastReached.at().isAfter(now) ? now : draft.lastReached.at();
    }

    void ended(SeenAttempt check) {
        RunResult.Models models = models(check);
        boolean failed = models.answer() == ModelsReason.CheckFailed;
        Comparison before = draft.modelCheck;
        Instant startedAt = before != null && before.attempt() == check.number() ? before.startedAt() : sinceReached();
        draft.modelCheck = new Comparison(
                check.number(),
                check.generation(),
                check.job(),
                check.asked().image(),
                check.asked().expected(),
                startedAt.truncatedTo(ChronoUnit.SECONDS),
                now.truncatedTo(ChronoUnit.SECONDS),
                failed ? 1 + Objects.requireNonNullElse(failuresBefore(), 0) : null);
        says(models.answer(), message(models, check));
    }

    /** Whatever was decided: what is not about the spec and the rows as they are is not said any more. */
    void keep() {
        if (!seen.spec().modelCheck().wanted()) {
            draft.modelCheck = null;
            draft.modelsMatch = null;
            return;
        }
        if (!ModelCheck.stands(draft.built(), seen.generation(), rows())) {
            draft.modelCheck = letGo(draft.modelCheck);
            says(
                    ModelsReason.CheckPending,
                    "the tables are compared with the models when the database is at the target");
            return;
        }
        Comparison last = Objects.requireNonNull(draft.modelCheck);
        if (last.checkedAt() == null) {
            underWay(last);
        }
    }

    /** {@return the same, of which no answer is waited for} */
    private @Nullable Comparison letGo(@Nullable Comparison last) {
        return last == null || last.checkedAt() != null
                ? last
                : new Comparison(
                        last.attempt(),
                        last.generation(),
                        last.job(),
                        last.image(),
                        last.revisions(),
                        last.startedAt(),
                        now.truncatedTo(ChronoUnit.SECONDS),
                        last.failures());
    }

    private void underWay(Comparison check) {
        Optional<String> trouble = seen.checks().stream()
                .filter(shown -> shown.job().equals(check.job()))
                .flatMap(shown -> trouble(shown).stream())
                .findFirst();
        if (trouble.isPresent()) {
            says(ModelsReason.WaitingForPod, "Job " + check.job() + ": " + trouble.get());
        } else if (draft.says(ModelsReason.CheckPending) || draft.says(ModelsReason.WaitingForPod)) {
            says(
                    ModelsReason.CheckPending,
                    "Job " + check.job() + " compares the tables with the models of image " + check.image());
        }
    }

    private static Optional<String> trouble(SeenAttempt check) {
        return switch (check.state()) {
            case Rejected why -> Optional.of(why.message());
            case Waiting waiting -> Optional.ofNullable(waiting.message());
            case SeenAttempt.State other -> Optional.empty();
        };
    }

    private static RunResult.Models models(SeenAttempt check) {
        return switch (check.state()) {
            case Ended(RunResult result)
            when result.outcome() == Outcome.Succeeded && result.models() != null -> result.models();
            case Ended(RunResult result) ->
                failed(result.message() == null ? "the run gave no reason" : result.message());
            case Died died -> failed(died.message());
            case SeenAttempt.State other ->
                throw new IllegalArgumentException("a check that is not over has no answer");
        };
    }

    private static RunResult.Models failed(String why) {
        return new RunResult.Models(
                ModelsReason.CheckFailed, "the tables could not be compared with the models: " + why, 0, List.of());
    }

    private static String message(RunResult.Models models, SeenAttempt check) {
        return switch (models.answer()) {
            case ModelsMatch ->
                "the tables are as the models of image " + check.asked().image() + " say";
            case ModelsDiffer -> differences(models, check);
            case NotAtHead, NoModels, CheckFailed, CheckPending, WaitingForPod ->
                Objects.requireNonNullElse(models.message(), "the run gave no reason");
        };
    }

    /** As many whole sentences as have room; the Job's log has all. */
    private static String differences(RunResult.Models models, SeenAttempt check) {
        StringBuilder said = new StringBuilder();
        int shown = 0;
        for (String difference : models.differences()) {
            if (shown > 0 && said.length() + difference.length() > LONGEST_LIST) {
                break;
            }
            said.append(shown++ == 0 ? "" : "; ").append(difference);
        }
        int more = models.total() - shown;
        return (models.total() == 1 ? "1 difference: " : models.total() + " differences: ")
                + said
                + (more == 0 ? "" : "; and " + more + " more, which the log of Job " + check.job() + " has");
    }

    /** {@return how many had no answer so far; another spec, or other rows, begin anew} */
    private @Nullable Integer failuresBefore() {
        return draft.modelCheck != null && ModelCheck.stands(draft.built(), seen.generation(), rows())
                ? draft.modelCheck.failures()
                : null;
    }

    private List<String> rows() {
        return Objects.requireNonNullElse(draft.currentRevisions, List.of());
    }

    private void says(ModelsReason reason, String message) {
        draft.modelsMatch =
                Conditions.modelsMatch(reason, message, seen.generation(), Optional.ofNullable(draft.modelsMatch), now);
    }
}
