package dev.dbmigrations.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What is known, all of it read back. Written whole, once per change. Times are RFC 3339, to the second.
 *
 * @param observedGeneration generation that this status speaks of; -1 (by the CRD's default) until somebody looked
 * @param currentRevision what was read from the database, for people: {@code a,b} when there are two rows
 * @param currentRevisions the same, for programs
 * @param currentReadAt when that was, to ten minutes
 * @param versionTable where it was read, {@code schema.table}
 * @param database which one was read, in the server's own words: two resources for it are told by this
 * @param resolvedTarget what the target means in the image and settings of {@code resolvedFor}
 * @param head the head or heads of that image
 * @param pending how many revisions lie between current and resolved target
 * @param unknownRevisions the rows that this image does not contain; absent when it contains them all
 * @param resolvedFor the image and target that the four above were resolved for
 * @param lastReached set at {@code AtTarget} only: the base of rules 5 and 6
 * @param plan the newest plan (rule 7)
 * @param attempt the newest attempt
 * @param modelCheck the newest comparison of the tables with the models
 * @param lastFailure why the newest attempt, or the newest look at the database, failed
 * @param lastHandledRetry value of the retry annotation that was acted on
 * @param history the last ten migrations, newest first
 * @param conditions {@code Ready} always; {@code Reconciling} or {@code Stalled} when true, never both; {@code
 *     ModelsMatch} where the models are compared
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record DatabaseMigrationStatus(
        @Nullable Long observedGeneration,
        @Nullable String currentRevision,
        @Nullable List<String> currentRevisions,
        @Nullable String currentReadAt,
        @Nullable VersionTable versionTable,
        @Nullable Database database,
        @Nullable List<String> resolvedTarget,
        @Nullable String head,
        @Nullable Integer pending,
        @Nullable List<String> unknownRevisions,
        @Nullable ResolvedFor resolvedFor,
        @Nullable LastReached lastReached,
        @Nullable PlanStatus plan,
        @Nullable Attempt attempt,
        @Nullable Comparison modelCheck,
        @Nullable LastFailure lastFailure,
        @Nullable String lastHandledRetry,
        @Nullable List<Migration> history,
        @Nullable List<Condition> conditions) {

    /** So many migrations are kept; whoever wrote more, as a newer version might, would have none of ours accepted. */
    public static final int LONGEST_HISTORY = 10;

    /** Of a resource that nobody has looked at yet. */
    public static final DatabaseMigrationStatus EMPTY = new DatabaseMigrationStatus(
            -1L, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
            null);

    /**
     * What a newer version wrote otherwise is as good as not written: a part that lacks what this version relies on is
     * left out, and none of it can stop the reading of the others.
     */
    public DatabaseMigrationStatus {
        currentRevisions = Lenient.nullableList(currentRevisions);
        currentReadAt = currentReadAt == null || Lenient.instant(currentReadAt).isEmpty() ? null : currentReadAt;
        versionTable = Lenient.whole(versionTable, VersionTable::schema, VersionTable::name);
        resolvedTarget = Lenient.nullableList(resolvedTarget);
        unknownRevisions = Lenient.nullableList(unknownRevisions);
        resolvedFor = Lenient.whole(resolvedFor, ResolvedFor::targetRevision, ResolvedFor::image);
        lastReached = Lenient.whole(
                lastReached,
                LastReached::targetRevision,
                LastReached::revisions,
                LastReached::image,
                LastReached::at,
                reached -> Lenient.whole(reached.database(), DatabaseIdentity::host, DatabaseIdentity::name));
        modelCheck = Lenient.whole(
                modelCheck, Comparison::job, Comparison::image, Comparison::revisions, Comparison::startedAt);
        history = history == null
                ? null
                : history.stream()
                        .filter(migration -> Lenient.whole(
                                        migration,
                                        Migration::from,
                                        Migration::to,
                                        Migration::direction,
                                        Migration::image,
                                        Migration::job,
                                        Migration::startedAt)
                                != null)
                        .limit(LONGEST_HISTORY)
                        .toList();
        conditions = Lenient.nullableList(conditions);
    }

    /** {@return the condition of that type, if it is there} */
    public Optional<Condition> condition(String type) {
        return conditions == null
                ? Optional.empty()
                : conditions.stream().filter(c -> type.equals(c.getType())).findFirst();
    }

    /** Where the current revision is kept. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record VersionTable(String schema, String name) {}

    /**
     * A database, whatever host name leads to it.
     *
     * @param oid another one when a database was dropped and created under the same name
     * @param systemIdentifier PostgreSQL's, of the cluster; absent where the role may not read it
     * @param address the server's own IP address: a copy of the whole cluster has another one
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Database(String name, long oid, @Nullable String systemIdentifier, String address, int port) {}

    /** What a target was resolved in. Another target, image or setting of Alembic's needs another look. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record ResolvedFor(
            String targetRevision, String image, @Nullable AlembicSettings alembic) {}

    /**
     * Which database it was: a restored clone under the same name is another one.
     *
     * @param systemIdentifier PostgreSQL's, of the cluster; absent where the role may not read it
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record DatabaseIdentity(
            String host,
            int port,
            String name,
            @Nullable String systemIdentifier,
            @Nullable VersionTable versionTable) {}

    /**
     * The last target that was reached.
     *
     * @param image the image that has these revisions: the one that brought the database there; the spec's where none did
     * @param imageDigest what the container runtime says that it ran; absent when no pod was needed
     * @param imageMissing true while a rollback waits for this image, which cannot be pulled
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record LastReached(
            String targetRevision,
            List<String> revisions,
            String image,
            @Nullable String imageDigest,
            @Nullable Boolean imageMissing,
            @Nullable AlembicSettings alembic,
            DatabaseIdentity database,
            Instant at) {}

    /**
     * One Job.
     *
     * @param number counts the resource's attempts, from 1
     * @param generation the generation that it was started for
     * @param kind {@code Apply}; {@code Rollback}: with the remembered image (rule 6); or {@code Plan}: renders and runs nothing
     * @param stepsExecuted revisions executed so far, of {@code stepsTotal}
     * @param revision the step in progress; absent between steps, and when it has ended
     * @param waitsFor the lock that keeps it waiting, and who has it, in words; absent where it does not wait
     * @param mayDowngradeFrom rows beside those of {@code lastReached} that are this resource's own doing, half-way to a
     *     target: from there it may go down as well (rule 5)
     * @param interruptedFor the generation for which it, or one before it, died without telling how far it was, while
     *     nobody knows (rule 10)
     * @param endedAt when it was seen to have ended, and its result taken in; absent before
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Attempt(
            int number,
            long generation,
            String kind,
            String job,
            Instant startedAt,
            @Nullable Integer stepsExecuted,
            @Nullable Integer stepsTotal,
            @Nullable String revision,
            @Nullable String waitsFor,
            @Nullable List<String> mayDowngradeFrom,
            @Nullable Long interruptedFor,
            @Nullable Instant endedAt) {

        public Attempt {
            kind = Objects.requireNonNullElse(kind, "");
            job = Objects.requireNonNullElse(job, "");
            startedAt = Objects.requireNonNullElse(startedAt, Instant.EPOCH);
            mayDowngradeFrom = Lenient.nullableList(mayDowngradeFrom);
        }
    }

    /**
     * One comparison of the tables with the models, which is one Job.
     *
     * @param attempt its number, of the same count as the attempts'
     * @param generation the generation that it was started for
     * @param image the spec's then
     * @param revisions the rows that it was started at
     * @param checkedAt when its answer was taken in; absent before
     * @param failures how many in a row had no answer; absent where it had one
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Comparison(
            int attempt,
            long generation,
            String job,
            String image,
            List<String> revisions,
            Instant startedAt,
            @Nullable Instant checkedAt,
            @Nullable Integer failures) {}

    /**
     * A failure, with what it was decided on: when one of these changes, it is tried again.
     *
     * @param count how many times in a row, from 1; the pause before a retry grows with it
     * @param retryAt when it is tried again by itself; absent when a person decides
     * @param generation the resource's
     * @param secretVersion the Secret's resource version
     * @param currentRevisions what the database said afterwards; absent when it said nothing
     * @param leftBehind what a failed step left in the database that no row shows (rule 10); absent when nothing is known
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record LastFailure(
            Reason reason,
            String message,
            @Nullable String revision,
            @Nullable String sqlState,
            @Nullable String statement,
            @Nullable String job,
            Instant at,
            int count,
            @Nullable Instant retryAt,
            long generation,
            @Nullable String secretVersion,
            @Nullable List<String> currentRevisions,
            @Nullable LeftBehind leftBehind) {

        private static final int LONGEST_MESSAGE = 1024;

        /** A failure stays one, whatever is missing of it: a person may have to look (rule 10). */
        public LastFailure {
            // Ready by a failure would be a lie.
            reason = reason == null || reason.kind() == Reason.Kind.READY ? Reason.Unknown : reason;
            message = message == null ? "" : ShortText.ofLength(message, LONGEST_MESSAGE);
            at = Objects.requireNonNullElse(at, Instant.EPOCH);
            currentRevisions = Lenient.nullableList(currentRevisions);
        }
    }

    /**
     * What a person has to finish or to undo.
     *
     * @param revisions that did a part and are not recorded
     * @param invalidIndexes as {@code schema.index}
     * @param committed the statements that stayed, in their order, the first of each revision
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record LeftBehind(List<String> revisions, List<String> invalidIndexes, List<String> committed) {

        public LeftBehind {
            revisions = Objects.requireNonNullElse(revisions, List.of());
            invalidIndexes = Objects.requireNonNullElse(invalidIndexes, List.of());
            committed = Objects.requireNonNullElse(committed, List.of());
        }
    }

    /**
     * One applied migration.
     *
     * @param direction {@code Upgrade} or {@code Downgrade}; {@code None} where it was only stamped
     * @param baseline where the database was stamped before the first step (spec.baseline); absent where it was not
     * @param planHash the plan that it ran; absent where none was made
     * @param approvedBy who approved the plan; absent where nobody had to
     * @param seconds how long the runner took
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Migration(
            List<String> from,
            List<String> to,
            String direction,
            String image,
            @Nullable String imageDigest,
            String job,
            Instant startedAt,
            @Nullable String baseline,
            @Nullable String planHash,
            @Nullable String approvedBy,
            @Nullable Double seconds) {}
}
