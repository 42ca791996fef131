package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.MigrationApproval;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.processing.event.Event;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.AbstractEventSource;
import io.javaoperatorsdk.operator.processing.event.source.IndexerResourceCache;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Wakes the approvals of a migration. */
final class ChangedMigrations extends AbstractEventSource<DatabaseMigration, MigrationApproval> {

    private static final String BY_MIGRATION = "migration";

    private volatile @Nullable IndexerResourceCache<MigrationApproval> approvals;

    ChangedMigrations() {
        super(DatabaseMigration.class, "migrations");
    }

    void listen(IndexerResourceCache<MigrationApproval> cache) {
        cache.addIndexer(
                BY_MIGRATION,
                approval -> approval.getSpec() == null
                        ? List.of()
                        : List.of(key(approval, approval.getSpec().migration())));
        approvals = cache;
    }

    /** Before the caches are filled there is nobody to wake: every approval is looked at then. */
    void wake(DatabaseMigration migration) {
        IndexerResourceCache<MigrationApproval> cache = approvals;
        if (cache == null || !isRunning()) {
            return;
        }
        cache.byIndex(BY_MIGRATION, key(migration, migration.getMetadata().getName()))
                .forEach(approval -> getEventHandler().handleEvent(new Event(ResourceID.fromResource(approval))));
    }

    private static String key(HasMetadata inNamespace, String migration) {
        return inNamespace.getMetadata().getNamespace() + "/" + migration;
    }

    @Override
    public Set<DatabaseMigration> getSecondaryResources(MigrationApproval primary) {
        return Set.of();
    }
}
