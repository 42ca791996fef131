package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.MigrationApproval;
import dev.dbmigrations.api.MigrationApprovalStatus;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.PrimaryUpdateAndCacheUtils;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Says of each approval whether it fits. Nothing is decided here: which plan may run follows from the specs.
 *
 * <p>Migrations are read one by one when there is something to say, and not watched a second time: a cache of all of them
 * would cost the operator a tenth of its memory.
 */
public final class ApprovalReconciler implements Reconciler<MigrationApproval> {

    private final KubernetesClient client;
    private final Clock clock;
    private final ChangedMigrations changed = new ChangedMigrations();

    public ApprovalReconciler(KubernetesClient client, Clock clock) {
        this.client = client;
        this.clock = clock;
    }

    /** Looks again at the approvals of a migration whose status has changed from one to the other. */
    public void reported(DatabaseMigration migration, DatabaseMigrationStatus before, DatabaseMigrationStatus after) {
        if (before.observedGeneration() == null
                || before.observedGeneration() < 0
                || !Objects.equals(before.plan(), after.plan())
                || !Objects.equals(before.history(), after.history())) {
            changed.wake(migration);
        }
    }

    /** Looks again at the approvals of a migration that was deleted. */
    public void gone(DatabaseMigration migration) {
        changed.wake(migration);
    }

    @Override
    public UpdateControl<MigrationApproval> reconcile(MigrationApproval approval, Context<MigrationApproval> context) {
        if (approval.getSpec() == null || ApprovalFit.isFinal(approval)) {
            return UpdateControl.noUpdate();
        }
        MigrationApprovalStatus status =
                ApprovalFit.of(approval.getSpec(), migration(approval)).status(approval, clock.instant());
        if (!status.equals(approval.getStatus())) {
            PrimaryUpdateAndCacheUtils.updateStatusAndCacheResource(approval, context, fresh -> {
                fresh.setStatus(status);
                return fresh;
            });
        }
        return UpdateControl.noUpdate();
    }

    private Optional<DatabaseMigration> migration(MigrationApproval approval) {
        return Optional.ofNullable(client.resources(DatabaseMigration.class)
                .inNamespace(approval.getMetadata().getNamespace())
                .withName(approval.getSpec().migration())
                .get());
    }

    @Override
    public List<EventSource<?, MigrationApproval>> prepareEventSources(EventSourceContext<MigrationApproval> context) {
        changed.listen(context.getPrimaryCache());
        return List.of(changed);
    }
}
