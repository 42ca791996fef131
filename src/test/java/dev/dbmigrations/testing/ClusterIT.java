package dev.dbmigrations.testing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What other tests rely on. */
class ClusterIT {

    @Test
    void hasAReadyNodeAndKubectl() {
        assertThat(Cluster.shared().kubectl("get", "nodes")).contains(" Ready ");
    }

    @Test
    void knowsAnImageThatWasImported() throws Exception {
        Cluster.shared().importImage("alpine:3.17");

        // The node's status would say so minutes later.
        assertThat(Cluster.shared()
                        .node()
                        .execInContainer("ctr", "-n", "k8s.io", "images", "ls", "-q")
                        .getStdout())
                .contains("alpine:3.17");
    }
}
