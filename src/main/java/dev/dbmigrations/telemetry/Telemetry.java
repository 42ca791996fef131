package dev.dbmigrations.telemetry;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DatabaseMigrationStatus.Attempt;
import dev.dbmigrations.api.DatabaseMigrationStatus.LastFailure;
import dev.dbmigrations.api.DatabaseMigrationStatus.Migration;
import dev.dbmigrations.api.ModelsReason;
import dev.dbmigrations.api.PlanStatus;
import dev.dbmigrations.api.Revisions;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells of what changed from one status to the next: one line in the log, an event where people want one, metrics. */
public final class Telemetry {

    private static final Logger LOG = LoggerFactory.getLogger("dev.dbmigrations");

    private final EventLog events;
    private final MigrationMetrics metrics;

    public Telemetry(EventLog events, MigrationMetrics metrics) {
        this.events = events;
        this.metrics = metrics;
    }

    /**
     * Called once per pass of the loop, after the status was written.
     *
     * @param readAt when the database was last read, where it answered
     */
    public void reported(
            DatabaseMigration resource,
            DatabaseMigrationStatus before,
            DatabaseMigrationStatus after,
            Optional<Instant> readAt) {
        metrics.seen(resource, after, readAt);
        if (before.equals(after)) {
            return;
        }
        Optional<Condition> ready = after.condition("Ready");
        if (ready.isPresent() && !sameWords(ready, before.condition("Ready"))) {
            LOG.info("{}: {}", ready.get().getReason(), ready.get().getMessage());
        }
        drifted(resource, before, after);
        started(resource, before.attempt(), after);
        progressed(resource, before.attempt(), after.attempt());
        planned(resource, before.plan(), after.plan());
        ended(resource, before, after);
        failed(resource, before.lastFailure(), after.lastFailure());
        compared(resource, before.condition(ModelsReason.CONDITION), after.condition(ModelsReason.CONDITION));
    }

    /** Called when a resource is gone. */
    public void gone(DatabaseMigration resource) {
        metrics.gone(resource);
    }

    /** What the database does while nothing of ours runs, somebody else did. */
    private void drifted(DatabaseMigration resource, DatabaseMigrationStatus before, DatabaseMigrationStatus after) {
        boolean atRest = before.attempt() == null || before.attempt().endedAt() != null;
        List<String> was = before.currentRevisions();
        List<String> is = after.currentRevisions();
        if (atRest && was != null && is != null && !is.equals(was)) {
            events.warning(
                    resource,
                    "Drifted",
                    "the database was at " + Revisions.named(was) + " and is at " + Revisions.named(is)
                            + " now, and no Job of this resource has done that: it was restored from a backup, failed"
                            + " over to a replica that lagged behind, or somebody moved it");
        }
    }

    private void started(DatabaseMigration resource, @Nullable Attempt before, DatabaseMigrationStatus after) {
        Attempt attempt = after.attempt();
        if (attempt != null && attempt.endedAt() == null && (before == null || before.number() < attempt.number())) {
            metrics.started();
            events.normal(resource, "Started", message(attempt, after));
        }
    }

    /** As often as the database is looked at while a Job works: at first five times a second, later every five seconds. */
    private void progressed(DatabaseMigration resource, @Nullable Attempt before, @Nullable Attempt after) {
        if (after == null) {
            return;
        }
        Attempt same = before != null && before.number() == after.number() ? before : null;
        if (after.revision() != null && (same == null || !after.revision().equals(same.revision()))) {
            events.normal(
                    resource,
                    "Step",
                    "Job " + after.job() + " executes revision " + after.revision() + " (" + after.stepsExecuted()
                            + " of " + after.stepsTotal() + " executed)");
        }
        if (after.waitsFor() != null && (same == null || !after.waitsFor().equals(same.waitsFor()))) {
            String who = after.revision() == null ? "Job " + after.job() : "revision " + after.revision();
            events.warning(resource, "Blocked", who + " waits for " + after.waitsFor());
        }
    }

    private void planned(DatabaseMigration resource, @Nullable PlanStatus before, @Nullable PlanStatus after) {
        if (after != null
                && (before == null
                        || !before.at().equals(after.at())
                        || !before.hash().equals(after.hash()))) {
            events.normal(
                    resource,
                    "Planned",
                    after.inWords() + "; plan " + after.hash() + " is in ConfigMap " + after.configMap());
        }
    }

    private void ended(DatabaseMigration resource, DatabaseMigrationStatus before, DatabaseMigrationStatus after) {
        List<Migration> history = Objects.requireNonNullElse(after.history(), List.of());
        if (!history.isEmpty() && !history.equals(before.history())) {
            Migration migration = history.getFirst();
            metrics.migrated(migration);
            if (migration.baseline() != null) {
                events.normal(
                        resource,
                        "Baselined",
                        "the database had no version table, has what the revisions up to " + migration.baseline()
                                + " leave behind, and was stamped there by Job " + migration.job());
            }
            events.normal(
                    resource,
                    "Migrated",
                    migration.direction() + " from " + Revisions.named(migration.from()) + " to "
                            + Revisions.named(migration.to()) + " by Job " + migration.job());
        }
    }

    private void failed(DatabaseMigration resource, @Nullable LastFailure before, @Nullable LastFailure after) {
        if (after != null && !after.equals(before)) {
            metrics.failed(after.reason());
            events.warning(resource, after.reason().name(), after.message());
        }
    }

    private void compared(DatabaseMigration resource, Optional<Condition> before, Optional<Condition> after) {
        if (after.isEmpty() || sameWords(before, after)) {
            return;
        }
        Condition now = after.get();
        LOG.info("{}: {}", now.getReason(), now.getMessage());
        if (isFor(now, ModelsReason.ModelsDiffer) || isFor(now, ModelsReason.CheckFailed)) {
            events.warning(resource, now.getReason(), now.getMessage());
        } else if (isFor(now, ModelsReason.ModelsMatch)
                && before.filter(old -> isFor(old, ModelsReason.ModelsDiffer)).isPresent()) {
            events.normal(resource, now.getReason(), now.getMessage());
        }
    }

    private static boolean isFor(Condition condition, ModelsReason reason) {
        return reason.name().equals(condition.getReason());
    }

    private static String message(Attempt attempt, DatabaseMigrationStatus status) {
        return status.condition("Ready")
                .map(Condition::getMessage)
                .filter(message -> message.contains(attempt.job()))
                .orElse("Job " + attempt.job() + " was started");
    }

    private static boolean sameWords(Optional<Condition> one, Optional<Condition> other) {
        return one.map(Condition::getReason).equals(other.map(Condition::getReason))
                && one.map(Condition::getMessage).equals(other.map(Condition::getMessage));
    }
}
