package dev.dbmigrations.job;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.dbmigrations.api.DatabaseMigrationStatus.LeftBehind;
import dev.dbmigrations.api.DatabaseMigrationStatus.VersionTable;
import dev.dbmigrations.api.ModelsReason;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.api.Revisions;
import dev.dbmigrations.api.ShortText;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the runner said at its end, in the container's termination message. The other side of this contract is
 * {@code document.py}. Nothing here is believed of the database: {@code current} is compared with a reading. Lists of
 * revisions are sorted, as a reading's are.
 *
 * @param isFinal false for the document that is written ahead, before the first step: the run died without a word
 * @param from rows before the run
 * @param current rows that the runner read back
 * @param unknown rows that the image does not have; present where {@code RevisionNotFound} comes of them, not of the
 *     target
 * @param plan present where the run was asked for one and made it
 * @param models present where the run was asked to compare and did
 * @param baselined the stamp that the run has put there; null where it has not, or it was rolled back
 * @param pending revisions between current and target
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record RunResult(
        Outcome outcome,

        @JsonProperty("final") @Nullable Boolean isFinal,

        @Nullable Reason reason,
        @Nullable String message,
        @Nullable String direction,
        @Nullable List<String> from,
        @Nullable List<String> current,
        @Nullable List<String> resolvedTarget,
        @Nullable List<String> heads,
        @Nullable List<String> unknown,
        @Nullable Integer pending,
        @Nullable VersionTable versionTable,
        @Nullable Steps steps,
        @Nullable Failure failure,
        @Nullable Partial partial,
        @Nullable Plan plan,
        @Nullable Models models,
        @Nullable Baselined baselined,
        @Nullable Double seconds) {

    private static final JsonMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.READ_UNKNOWN_ENUM_VALUES_AS_NULL)
            .build();

    private static final Set<String> DIRECTIONS = Set.of("Upgrade", "Downgrade", "None");

    /** How a run ended. */
    public enum Outcome {
        Succeeded,
        /** The database was not where the operator had decided on; nothing was run. */
        Superseded,
        Failed;

        @JsonCreator
        static Outcome of(String name) {
            for (Outcome outcome : values()) {
                if (outcome.name().equals(name)) {
                    return outcome;
                }
            }
            return Failed;
        }
    }

    /** Steps executed, of all that the run was to execute. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Steps(int executed, int total) {}

    /** The step and the statement that failed. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Failure(
            @Nullable String revision,
            @Nullable String sqlstate,
            @Nullable String statement) {}

    /**
     * The plan document that the run has printed.
     *
     * @param sha256 of its bytes, in hexadecimal digits
     * @param bytes how many these are
     * @param baseline where it stamps the database first; null where it does not
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Plan(
            @Nullable String sha256, long bytes, @Nullable String baseline) {}

    /** Where the database was stamped. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Baselined(@Nullable String revision) {}

    /**
     * How the tables compare with the models.
     *
     * @param answer one of {@link ModelsReason}
     * @param message why there was nothing to compare
     * @param total how many differences there are
     * @param differences as many of them, in words, as had room
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Models(ModelsReason answer, @Nullable String message, int total, List<String> differences) {

        private static final Set<ModelsReason> ANSWERS = EnumSet.of(
                ModelsReason.ModelsMatch, ModelsReason.ModelsDiffer, ModelsReason.NotAtHead, ModelsReason.NoModels);

        /** Leaves out what cannot be; an answer that is none is no comparison. */
        public Models {
            answer = answer != null && ANSWERS.contains(answer) ? answer : ModelsReason.CheckFailed;
            differences = differences == null
                    ? List.of()
                    : differences.stream()
                            .filter(Objects::nonNull)
                            .map(ShortText::plain)
                            .toList();
            total = Math.max(total, differences.size());
        }
    }

    /**
     * What stayed in the database of steps that have no row there (rule 10): ids, {@code schema.index}, and the
     * statements that were committed, as far as they are known.
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Partial(
            @Nullable List<String> revisions,
            @Nullable List<String> invalidIndexes,
            @Nullable List<String> committed) {

        /** {@return the same, as the status has it} */
        public LeftBehind leftBehind() {
            return new LeftBehind(present(revisions), present(invalidIndexes), present(committed));
        }

        /** {@return the names of all that stayed} */
        List<String> names() {
            LeftBehind left = leftBehind();
            return Stream.concat(left.revisions().stream(), left.invalidIndexes().stream())
                    .toList();
        }

        /** {@return the same in words, with the first of what was committed} */
        String words() {
            List<String> statements = present(committed);
            return String.join(", ", names())
                    + (statements.isEmpty() ? "" : ", beginning with `" + statements.getFirst() + "`");
        }

        private static List<String> present(@Nullable List<String> texts) {
            return texts == null
                    ? List.of()
                    : texts.stream()
                            .filter(Objects::nonNull)
                            .map(ShortText::plain)
                            .toList();
        }
    }

    /** Leaves out what cannot be, so that no document from an image can make a status that cannot be written. */
    public RunResult {
        outcome = outcome == null ? Outcome.Failed : outcome;
        partial = partial == null || partial.names().isEmpty() ? null : partial;
        // Whatever ended the run: what stayed is not to be run over by a retry.
        reason = outcome == Outcome.Failed && partial != null ? Reason.PartiallyApplied : reason;
        from = readable(from);
        current = readable(current);
        resolvedTarget = readable(resolvedTarget);
        heads = readable(heads);
        unknown = unknown == null || unknown.isEmpty() ? null : readable(unknown);
        direction = direction == null || !DIRECTIONS.contains(direction) ? null : direction;
        pending = pending == null || pending < 0 ? null : pending;
        versionTable = versionTable == null || isEmpty(versionTable.schema()) || isEmpty(versionTable.name())
                ? null
                : versionTable;
        plan = plan == null || isEmpty(plan.sha256()) || plan.bytes() <= 0 ? null : plan;
        baselined = baselined == null || isEmpty(baselined.revision()) ? null : baselined;
        steps = steps == null || steps.executed() < 0 || steps.total() < 0 ? null : steps;
        seconds = seconds == null || !Double.isFinite(seconds) || seconds < 0 ? null : seconds;
    }

    private static @Nullable List<String> readable(@Nullable List<String> revisions) {
        return revisions == null
                ? null
                : revisions.stream()
                        .filter(Objects::nonNull)
                        .map(revision -> ShortText.ofLength(revision, Revisions.LONGEST))
                        .sorted()
                        .toList();
    }

    private static boolean isEmpty(@Nullable String text) {
        return text == null || text.isEmpty();
    }

    /** {@return whether the run told its end itself, rather than dying after the document written ahead} */
    public boolean told() {
        return isFinal == null || isFinal;
    }

    /** {@return the result in a termination message; empty where there is none that can be read} */
    public static Optional<RunResult> parse(@Nullable String terminationMessage) {
        if (terminationMessage == null || terminationMessage.isBlank()) {
            return Optional.empty();
        }
        try {
            return Optional.ofNullable(JSON.readValue(terminationMessage, RunResult.class));
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }
}
