package dev.dbmigrations.faults;

import dev.dbmigrations.testing.Cluster;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.file.Path;

/**
 * What all cases in one cluster share.
 *
 * @param cluster knows the resource and the images, and has no operator of its own
 * @param client straight to the API server
 * @param upstream the way there for the operators' proxies
 * @param watch what the API server has shown since the start
 */
record Ground(Cluster cluster, KubernetesClient client, Upstream upstream, ApiWatch watch) {

    private static final class Holder {
        static final Ground GROUND = in(Cluster.withoutOperator());
    }

    /** {@return the one of the JVM's cluster} */
    static Ground shared() {
        return Holder.GROUND;
    }

    /** Prepares a cluster. */
    static Ground in(Cluster cluster) {
        for (String crd : new String[] {"databasemigrations", "migrationapprovals"}) {
            cluster.kubectl("apply", "-f", cluster.give(Path.of("crds/" + crd + ".yaml")));
            cluster.kubectl("wait", "--for=condition=Established", "crd/" + crd + ".dbmigrations.dev");
        }
        Trees.provide(cluster);
        LedgerServer.shared();
        Upstream upstream = new Upstream(Config.fromKubeconfig(cluster.kubeconfig()));
        return new Ground(cluster, cluster.client(), upstream, new ApiWatch(cluster.client()));
    }
}
