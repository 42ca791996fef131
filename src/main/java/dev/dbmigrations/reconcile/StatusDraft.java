package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DatabaseMigrationStatus.Attempt;
import dev.dbmigrations.api.DatabaseMigrationStatus.Comparison;
import dev.dbmigrations.api.DatabaseMigrationStatus.Database;
import dev.dbmigrations.api.DatabaseMigrationStatus.LastFailure;
import dev.dbmigrations.api.DatabaseMigrationStatus.LastReached;
import dev.dbmigrations.api.DatabaseMigrationStatus.Migration;
import dev.dbmigrations.api.DatabaseMigrationStatus.ResolvedFor;
import dev.dbmigrations.api.DatabaseMigrationStatus.VersionTable;
import dev.dbmigrations.api.ModelsReason;
import dev.dbmigrations.api.PlanStatus;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.api.ShortText;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A status while it is put together: starts as the one before, and is written whole. Not for sharing. */
final class StatusDraft {

    private static final Duration LONGEST_UNWRITTEN_READ = Duration.ofMinutes(10);

    private final DatabaseMigrationStatus before;

    long observedGeneration;

    @Nullable
    List<String> currentRevisions;

    @Nullable
    Instant currentReadAt;

    @Nullable
    VersionTable versionTable;

    @Nullable
    Database database;

    @Nullable
    List<String> resolvedTarget;

    @Nullable
    String head;

    @Nullable
    Integer pending;

    @Nullable
    List<String> unknownRevisions;

    @Nullable
    ResolvedFor resolvedFor;

    @Nullable
    LastReached lastReached;

    @Nullable
    PlanStatus plan;

    @Nullable
    Attempt attempt;

    @Nullable
    Comparison modelCheck;

    @Nullable
    LastFailure lastFailure;

    @Nullable
    String lastHandledRetry;

    /** The one condition that {@link #ready} leaves alone. */
    @Nullable
    Condition modelsMatch;

    private List<Migration> history;
    private List<Condition> conditions;

    StatusDraft(DatabaseMigrationStatus before) {
        this.before = before;
        observedGeneration = Objects.requireNonNullElse(before.observedGeneration(), -1L);
        currentRevisions = before.currentRevisions();
        currentReadAt = before.currentReadAt() == null ? null : Instant.parse(before.currentReadAt());
        versionTable = before.versionTable();
        database = before.database();
        resolvedTarget = before.resolvedTarget();
        head = before.head();
        pending = before.pending();
        unknownRevisions = before.unknownRevisions();
        resolvedFor = before.resolvedFor();
        lastReached = before.lastReached();
        plan = before.plan();
        attempt = before.attempt();
        modelCheck = before.modelCheck();
        modelsMatch = before.condition(ModelsReason.CONDITION).orElse(null);
        lastFailure = before.lastFailure();
        lastHandledRetry = before.lastHandledRetry();
        history = Objects.requireNonNullElse(before.history(), List.of());
        conditions = Objects.requireNonNullElse(before.conditions(), List.<Condition>of()).stream()
                .filter(condition -> !ModelsReason.CONDITION.equals(condition.getType()))
                .toList();
    }

    /** Adds a migration as the newest; only the last ones are kept. */
    void addToHistory(Migration migration) {
        List<Migration> longer = new ArrayList<>(List.of(migration));
        longer.addAll(history);
        history = longer.subList(0, Math.min(longer.size(), DatabaseMigrationStatus.LONGEST_HISTORY));
    }

    /** What the target means is not known any more, or not known yet. */
    void forgetTarget() {
        resolvedTarget = null;
        head = null;
        pending = null;
        unknownRevisions = null;
        resolvedFor = null;
    }

    void ready(Reason reason, String message, Instant now) {
        conditions = Conditions.of(reason, message, observedGeneration, conditions, now);
    }

    /** Whether the models' condition has this reason. */
    boolean says(ModelsReason reason) {
        return modelsMatch != null && reason.name().equals(modelsMatch.getReason());
    }

    /** {@return the status as it is so far} */
    DatabaseMigrationStatus built() {
        return build(before.currentReadAt());
    }

    /**
     * {@return the status; the very one before where nothing changed but the time of reading, unless that was written
     * ten minutes ago}
     */
    DatabaseMigrationStatus finish() {
        DatabaseMigrationStatus sameTime = build(before.currentReadAt());
        boolean readLongAgo = currentReadAt != null
                && (before.currentReadAt() == null
                        || Instant.parse(before.currentReadAt())
                                .plus(LONGEST_UNWRITTEN_READ)
                                .isBefore(currentReadAt));
        if (sameTime.equals(before) && !readLongAgo) {
            return before;
        }
        return build(
                currentReadAt == null
                        ? null
                        : currentReadAt.truncatedTo(ChronoUnit.SECONDS).toString());
    }

    private DatabaseMigrationStatus build(@Nullable String readAt) {
        List<Condition> all = Stream.concat(conditions.stream(), Stream.ofNullable(modelsMatch))
                .toList();
        return new DatabaseMigrationStatus(
                observedGeneration,
                currentRevisions == null ? null : ShortText.plain(String.join(",", currentRevisions)),
                currentRevisions,
                readAt,
                versionTable,
                database,
                resolvedTarget,
                head,
                pending,
                unknownRevisions,
                resolvedFor,
                lastReached,
                plan,
                attempt,
                modelCheck,
                lastFailure,
                lastHandledRetry,
                history.isEmpty() ? null : history,
                all.isEmpty() ? null : all);
    }
}
