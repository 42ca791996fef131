package dev.dbmigrations.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DatabaseMigrationStatus.LeftBehind;
import dev.dbmigrations.api.ModelsReason;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.job.RunResult.Outcome;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is understood of a termination message, whoever wrote it. */
@NullMarked
class RunResultTest {

    private static RunResult parse(String json) {
        return RunResult.parse(json).orElseThrow();
    }

    @Test
    void readsTheWholeDocument() {
        RunResult result = parse("""
                {"version": 1, "final": true, "outcome": "Failed", "reason": "MigrationFailed",
                 "message": "revision b2 failed", "direction": "Upgrade", "from": ["a1"], "current": ["a1"],
                 "resolvedTarget": ["c3"], "heads": ["c3", "d4"], "unknown": ["a1"], "pending": 2,
                 "versionTable": {"schema": "public", "name": "alembic_version"},
                 "database": {"name": "app", "oid": 16384, "systemIdentifier": "7412"},
                 "steps": {"executed": 1, "total": 2, "revisions": ["b2"]},
                 "failure": {"revision": "b2", "sqlstate": "23502", "statement": "ALTER TABLE tlog"},
                 "partial": null, "startedAt": "2026-11-01T12:00:00Z", "seconds": 1.234}
                """);
        assertThat(result.outcome()).isEqualTo(Outcome.Failed);
        assertThat(result.reason()).isEqualTo(Reason.MigrationFailed);
        assertThat(result.heads()).containsExactly("c3", "d4");
        assertThat(result.unknown()).containsExactly("a1");
        assertThat(result.steps()).isEqualTo(new RunResult.Steps(1, 2));
        assertThat(result.failure()).isEqualTo(new RunResult.Failure("b2", "23502", "ALTER TABLE tlog"));
        assertThat(result.told()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void readsEveryOutcome(Outcome outcome) {
        assertThat(parse("{\"outcome\": \"" + outcome + "\"}").outcome()).isEqualTo(outcome);
    }

    @Test
    void aDocumentWrittenAheadTellsNoEnd() {
        assertThat(parse("{\"outcome\": \"Failed\", \"final\": false}").told()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"outcome\": null}",
                "{\"outcome\": \"Perfect\"}",
                "{\"outcome\": \"succeeded\", \"version\": 99, \"new\": {\"a\": [1]}}"
            })
    void onlyTheWordMeansSuccess(String json) {
        assertThat(parse(json).outcome()).isEqualTo(Outcome.Failed);
    }

    @Test
    void aStampIsTakenOverWhereItNamesARevision() {
        RunResult result = parse("{\"outcome\": \"Succeeded\", \"baselined\": {\"revision\": \"a1\", \"unread\": []}}");
        assertThat(Objects.requireNonNull(result.baselined()).revision()).isEqualTo("a1");
        assertThat(parse("{\"outcome\": \"Succeeded\", \"baselined\": {}}").baselined())
                .isNull();
    }

    @Test
    void aReasonOfANewerVersionIsUnknown() {
        assertThat(parse("{\"outcome\": \"Failed\", \"reason\": \"MoonPhase\"}").reason())
                .isEqualTo(Reason.Unknown);
    }

    @Test
    void readsHowTheTablesCompareWithTheModels() {
        assertThat(models("{\"answer\": \"ModelsDiffer\", \"total\": 3, \"differences\": [\"a\", null, \"b\"]}"))
                .isEqualTo(new RunResult.Models(ModelsReason.ModelsDiffer, null, 3, List.of("a", "b")));
        assertThat(models("{\"answer\": \"NotAtHead\", \"message\": \"m\", \"total\": -1}"))
                .isEqualTo(new RunResult.Models(ModelsReason.NotAtHead, "m", 0, List.of()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{}", "{\"answer\": \"MoonPhase\"}", "{\"answer\": \"CheckPending\"}", "{\"answer\": null}"})
    void anAnswerThatIsNoneIsNoComparison(String models) {
        assertThat(models(models).answer()).isEqualTo(ModelsReason.CheckFailed);
    }

    private static RunResult.Models models(String json) {
        return Objects.requireNonNull(
                parse("{\"outcome\": \"Succeeded\", \"models\": " + json + "}").models());
    }

    @Test
    void whatStayedInTheDatabaseIsNeverRetriedBlindly() {
        assertThat(parse("""
                {"outcome": "Failed", "reason": "DatabaseUnreachable", "message": "the database went away",
                 "partial": {"revisions": ["b2"], "invalidIndexes": []}}
                """).reason()).isEqualTo(Reason.PartiallyApplied);
        assertThat(parse("""
                {"outcome": "Failed", "reason": "DatabaseUnreachable",
                 "partial": {"revisions": [], "invalidIndexes": null}}
                """).reason()).isEqualTo(Reason.DatabaseUnreachable);
    }

    @Test
    void whatStayedIsTakenOverAsFarAsItIsToldAtAll() {
        RunResult result = parse("""
                {"outcome": "Failed",
                 "partial": {"revisions": ["b2", null], "committed": ["UPDATE a SET b = 1", null]}}
                """);
        assertThat(Objects.requireNonNull(result.partial()).leftBehind())
                .isEqualTo(new LeftBehind(List.of("b2"), List.of(), List.of("UPDATE a SET b = 1")));
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(
            strings = {
                "",
                "  \n",
                "null",
                "[]",
                "7",
                "Killed",
                "{\"outcome\": \"Succeeded\"",
                "{\"outcome\": \"Succeeded\", \"current\": [\"a1",
                "{\"current\": {\"a\": 1}}",
                "{\"pending\": 99999999999}",
                "{\"steps\": 3}",
                "\u0000\u0001"
            })
    void whatIsNoDocumentIsNone(@Nullable String message) {
        assertThat(RunResult.parse(message)).isEmpty();
    }

    @Test
    void aNestOfBracketsIsNoDocumentEither() {
        assertThat(RunResult.parse("{\"a\":" + "[".repeat(4000))).isEmpty();
    }

    /** Each of these would make a status that the API server refuses, for ever. */
    @Test
    void whatCannotBeIsLeftOut() {
        RunResult result = parse("""
                {"outcome": "Succeeded", "direction": "Sideways", "from": [null], "current": ["a1", null],
                 "resolvedTarget": [null, "b2"], "heads": [null], "unknown": [null],
                 "pending": -1, "seconds": 1e999,
                 "versionTable": {"schema": null, "name": "t"}, "steps": {"executed": -3, "total": 1}}
                """);
        assertThat(result.direction()).isNull();
        assertThat(result.from()).isEmpty();
        assertThat(result.current()).isEqualTo(List.of("a1"));
        assertThat(result.resolvedTarget()).isEqualTo(List.of("b2"));
        assertThat(result.unknown()).isEmpty();
        assertThat(result.pending()).isNull();
        assertThat(result.seconds()).isNull();
        assertThat(result.versionTable()).isNull();
        assertThat(result.steps()).isNull();
    }
}
