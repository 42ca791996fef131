package dev.dbmigrations.telemetry;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DatabaseMigrationStatus.Migration;
import dev.dbmigrations.api.Reason;
import io.fabric8.kubernetes.api.model.Condition;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Metrics, named for what operators ask: which resources are not where they should be, since when nobody knows where a
 * database is, what ran and how it ended.
 */
public final class MigrationMetrics {

    private final MeterRegistry registry;
    private final Map<Tags, Seen> resources = new ConcurrentHashMap<>();
    private final MultiGauge ready;
    private final MultiGauge pending;
    private final MultiGauge readAt;

    private record Seen(String reason, boolean ready, Optional<Integer> pending, Optional<Instant> readAt) {}

    public MigrationMetrics(MeterRegistry registry) {
        this.registry = registry;
        this.ready = MultiGauge.builder("dbmigrations.ready")
                .description("1 where the database is at its target, by resource and reason")
                .register(registry);
        this.pending = MultiGauge.builder("dbmigrations.pending.revisions")
                .description("revisions between the current one and the target, where known")
                .register(registry);
        this.readAt = MultiGauge.builder("dbmigrations.current.read.timestamp")
                .description("when the current revision was last read from the database")
                .baseUnit("seconds")
                .register(registry);
        Gauge.builder("dbmigrations.resources", resources, Map::size)
                .description("resources that are looked after")
                .register(registry);
    }

    /** Brings the gauges in line; called before they are read, not with every change. */
    public void refresh() {
        ready.register(
                rows((tags, seen) ->
                        Optional.of(MultiGauge.Row.of(tags.and("reason", seen.reason()), seen.ready() ? 1 : 0))),
                true);
        pending.register(rows((tags, seen) -> seen.pending().map(count -> MultiGauge.Row.of(tags, count))), true);
        readAt.register(
                rows((tags, seen) -> seen.readAt().map(at -> MultiGauge.Row.of(tags, at.toEpochMilli() / 1000.0))),
                true);
    }

    void seen(DatabaseMigration resource, DatabaseMigrationStatus status, Optional<Instant> read) {
        Optional<Condition> condition = status.condition("Ready");
        resources.put(
                tags(resource),
                new Seen(
                        condition.map(Condition::getReason).orElse(Reason.Pending.name()),
                        condition.filter(c -> "True".equals(c.getStatus())).isPresent(),
                        Optional.ofNullable(status.pending()),
                        read));
    }

    void gone(DatabaseMigration resource) {
        resources.remove(tags(resource));
    }

    void started() {
        registry.counter("dbmigrations.attempts.started").increment();
    }

    void failed(Reason reason) {
        registry.counter("dbmigrations.failures", "reason", reason.name()).increment();
    }

    void migrated(Migration migration) {
        registry.timer("dbmigrations.migration.duration", "direction", migration.direction())
                .record(Duration.ofMillis(Math.round(1000 * Objects.requireNonNullElse(migration.seconds(), 0.0))));
    }

    private static Tags tags(DatabaseMigration resource) {
        return Tags.of(
                "namespace", resource.getMetadata().getNamespace(),
                "name", resource.getMetadata().getName());
    }

    private interface Row {
        Optional<MultiGauge.Row<Number>> of(Tags tags, Seen seen);
    }

    private List<MultiGauge.Row<?>> rows(Row row) {
        return resources.entrySet().stream()
                .flatMap(entry -> row.of(entry.getKey(), entry.getValue()).stream())
                .<MultiGauge.Row<?>>map(one -> one)
                .toList();
    }
}
