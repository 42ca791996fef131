package dev.dbmigrations.faults;

import dev.dbmigrations.testing.Cluster;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.file.Path;

/**
 * What all cases share.
 *
 * @param client straight to the API server
 * @param upstream the way there for the operators' proxies
 * @param watch what the API server has shown since the start
 */
record Ground(KubernetesClient client, Upstream upstream, ApiWatch watch) {

    private static final class Holder {
        static final Ground GROUND = prepare();
    }

    /** {@return a cluster that knows the resource and the images, and has no operator of its own} */
    static Ground shared() {
        return Holder.GROUND;
    }

    private static Ground prepare() {
        Cluster cluster = Cluster.withoutOperator();
        for (String crd : new String[] {"databasemigrations", "migrationapprovals"}) {
            cluster.kubectl("apply", "-f", cluster.give(Path.of("crds/" + crd + ".yaml")));
            cluster.kubectl("wait", "--for=condition=Established", "crd/" + crd + ".dbmigrations.dev");
        }
        Trees.provide(cluster);
        LedgerServer.shared();
        Sampler.shared();
        Upstream upstream = new Upstream(Config.fromKubeconfig(cluster.kubeconfig()));
        return new Ground(cluster.client(), upstream, new ApiWatch(cluster.client()));
    }
}
