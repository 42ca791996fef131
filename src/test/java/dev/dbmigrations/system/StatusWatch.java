package dev.dbmigrations.system;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.ModelsReason;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.testing.Cluster;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Sees every status that the API server shows, as other programs that watch would, and judges each. */
final class StatusWatch implements ResourceEventHandler<DatabaseMigration> {

    private final Map<String, List<DatabaseMigration>> byNamespace = new ConcurrentHashMap<>();

    private static final class Holder {
        static final StatusWatch WATCH = new StatusWatch();

        static {
            Cluster.shared()
                    .client()
                    .resources(DatabaseMigration.class)
                    .inAnyNamespace()
                    .inform(WATCH);
        }
    }

    /** {@return the watch, which sees all that happens from now on} */
    static StatusWatch shared() {
        return Holder.WATCH;
    }

    /** {@return every version that was seen, oldest first} */
    List<DatabaseMigration> seenIn(String namespace) {
        return byNamespace.getOrDefault(namespace, List.of());
    }

    /** {@return what was wrong with any of them, by the rules of kstatus and our own} */
    List<String> faultsIn(String namespace) {
        List<String> faults = new ArrayList<>();
        for (DatabaseMigration resource : seenIn(namespace)) {
            DatabaseMigrationStatus status = resource.getStatus();
            if (status == null || Long.valueOf(-1).equals(status.observedGeneration())) {
                continue;
            }
            for (String fault : faults(resource.getMetadata().getGeneration(), status)) {
                faults.add(fault + ": " + status);
            }
        }
        return faults;
    }

    private static List<String> faults(long generation, DatabaseMigrationStatus status) {
        List<String> faults = new ArrayList<>();
        List<Condition> conditions = status.conditions() == null ? List.of() : status.conditions();
        if (status.condition("Ready").isEmpty()) {
            faults.add("no condition Ready");
        }
        if (status.condition("Reconciling").isPresent()
                && status.condition("Stalled").isPresent()) {
            faults.add("Reconciling and Stalled at once");
        }
        for (Condition condition : conditions) {
            if (isOfKstatus(condition) && !condition.getStatus().equals("True")) {
                faults.add(condition.getType() + " is there and not True");
            }
            if (condition.getObservedGeneration() == null
                    || !condition.getObservedGeneration().equals(status.observedGeneration())
                    || condition.getObservedGeneration() > generation) {
                faults.add(condition.getType() + " speaks of another generation than the status");
            }
            if (condition.getReason().isEmpty() || condition.getMessage().isBlank()) {
                faults.add(condition.getType() + " gives no reason or no message");
            }
        }
        boolean done = status.condition("Ready")
                .filter(ready -> ready.getStatus().equals("True"))
                .isPresent();
        if (done == conditions.stream().anyMatch(StatusWatch::isOfKstatus)) {
            faults.add("Ready must be False exactly while Reconciling or Stalled is there");
        }
        boolean planned = status.condition("Ready")
                .filter(ready -> ready.getReason().equals(Reason.Planned.name()))
                .isPresent();
        if (done
                && !planned
                && (status.currentRevisions() == null || !Integer.valueOf(0).equals(status.pending()))) {
            faults.add("Ready without a revision that was read, or with revisions pending");
        }
        return faults;
    }

    /** Those that say why Ready is False; that of the models says nothing about Ready. */
    private static boolean isOfKstatus(Condition condition) {
        return !condition.getType().equals("Ready") && !condition.getType().equals(ModelsReason.CONDITION);
    }

    private void saw(DatabaseMigration resource) {
        byNamespace
                .computeIfAbsent(resource.getMetadata().getNamespace(), namespace -> new CopyOnWriteArrayList<>())
                .add(resource);
    }

    @Override
    public void onAdd(DatabaseMigration resource) {
        saw(resource);
    }

    @Override
    public void onUpdate(DatabaseMigration before, DatabaseMigration resource) {
        saw(resource);
    }

    @Override
    public void onDelete(DatabaseMigration resource, boolean finalStateUnknown) {}
}
