package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.MigrationApproval;
import dev.dbmigrations.api.PlanStatus;
import dev.dbmigrations.reconcile.Decision.Go;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/** People's words for plans, as the cluster has them. */
final class Approvals {

    private final KubernetesClient client;

    Approvals(KubernetesClient client) {
        this.client = client;
    }

    /** {@return what wakes a resource when somebody approves a plan of it} */
    static InformerEventSource<MigrationApproval, DatabaseMigration> source(
            EventSourceContext<DatabaseMigration> context) {
        return new InformerEventSource<>(
                InformerEventSourceConfiguration.from(MigrationApproval.class, DatabaseMigration.class)
                        .withSecondaryToPrimaryMapper(approval -> Set.of(new ResourceID(
                                approval.getSpec().migration(),
                                approval.getMetadata().getNamespace())))
                        .withNamespacesInheritedFromController()
                        .build(),
                context);
    }

    /** {@return those for the plan that the status has, the oldest first} */
    static List<Approval> of(
            DatabaseMigration resource, DatabaseMigrationStatus status, Context<DatabaseMigration> context) {
        PlanStatus plan = status.plan();
        return plan == null
                ? List.of()
                : context.getSecondaryResources(MigrationApproval.class).stream()
                        .filter(approval -> covers(approval, resource, plan.hash()))
                        .sorted(Comparator.comparing(
                                approval -> approval.getMetadata().getCreationTimestamp()))
                        .map(approval -> new Approval(
                                approval.getMetadata().getName(),
                                approval.getSpec().planHash(),
                                approval.getSpec().approvedBy()))
                        .toList();
    }

    /** Whether the approval that a run relies on is still there, by the API server's own word. */
    boolean stands(DatabaseMigration resource, Go go) {
        if (go.approval().isEmpty()) {
            return true;
        }
        MigrationApproval live = client.resources(MigrationApproval.class)
                .inNamespace(resource.getMetadata().getNamespace())
                .withName(go.approval().get().name())
                .get();
        return live != null && covers(live, resource, go.plan().hash());
    }

    private static boolean covers(MigrationApproval approval, DatabaseMigration resource, String hash) {
        return approval.getMetadata().getDeletionTimestamp() == null
                && approval.getSpec() != null
                && approval.getSpec().covers(resource.getMetadata().getName(), hash);
    }
}
