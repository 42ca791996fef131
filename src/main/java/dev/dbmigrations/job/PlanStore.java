package dev.dbmigrations.job;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.PlanStatus;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.Comparator;
import java.util.Map;

/** Keeps plans where people can read them: one ConfigMap each, owned by the resource. */
public final class PlanStore {

    /** The present one, and those whose ways back may still be wanted. */
    private static final int KEPT = 3;

    private final KubernetesClient client;

    public PlanStore(KubernetesClient client) {
        this.client = client;
    }

    /**
     * Makes sure that the plan is kept. Its ConfigMap has the same name and content each time.
     *
     * @throws KubernetesClientException when the API server refuses, or when the name is taken by something else
     */
    public void keep(DatabaseMigration resource, PlanStatus plan, PlanDocument document, String job) {
        ConfigMap wanted = PlanConfigMap.of(resource, plan, document, job);
        try {
            client.resource(wanted).create();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT || !has(resource, plan)) {
                throw e;
            }
        }
        forgetOlder(resource, plan);
    }

    /** {@return whether the plan is still there, by the API server's own word} */
    public boolean has(DatabaseMigration resource, PlanStatus plan) {
        ConfigMap kept = client.configMaps()
                .inNamespace(resource.getMetadata().getNamespace())
                .withName(plan.configMap())
                .get();
        return kept != null
                && kept.getMetadata().getDeletionTimestamp() == null
                && Attempts.isOwnedBy(kept.getMetadata().getOwnerReferences(), resource)
                && kept.getMetadata().getAnnotations() != null
                && plan.hash().equals(kept.getMetadata().getAnnotations().get(Labels.PLAN));
    }

    private void forgetOlder(DatabaseMigration resource, PlanStatus newest) {
        client
                .configMaps()
                .inNamespace(resource.getMetadata().getNamespace())
                .withLabels(Map.of(
                        Labels.MANAGED_BY,
                        Labels.MANAGED_BY_US,
                        Labels.UID,
                        resource.getMetadata().getUid()))
                .list()
                .getItems()
                .stream()
                .filter(kept -> Attempts.isOwnedBy(kept.getMetadata().getOwnerReferences(), resource)
                        && !kept.getMetadata().getName().equals(newest.configMap()))
                .sorted(Comparator.comparing(
                                (ConfigMap kept) -> kept.getMetadata().getCreationTimestamp())
                        .reversed())
                .skip(KEPT - 1)
                .forEach(old -> client.resource(old).delete());
    }
}
