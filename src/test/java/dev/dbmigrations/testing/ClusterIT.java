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
    void knowsAnImageThatWasImported() {
        Cluster.shared().importImage("alpine:3.17");

        assertThat(Cluster.shared().client().nodes().list().getItems())
                .singleElement()
                .extracting(node -> node.getStatus().getImages().toString())
                .asString()
                .contains("alpine:3.17");
    }
}
