package dev.dbmigrations.faults;

import dev.dbmigrations.testing.Cluster;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * What befalls a whole cluster of two nodes, one case at a time. Only {@code -Dfaults.cases=all} plays them: most wait
 * for minutes until a cluster gives a node up.
 */
class NodeFaultsIT {

    private static final List<ClusterCase> ALL = List.of(
            new ClusterCase("node: the operator's is drained", NodeFaults::operatorsNodeDrained),
            new ClusterCase("node: the run's is drained", NodeFaults::jobsNodeDrained),
            new ClusterCase("node: silent, and the run goes on", NodeFaults::nodeSilentWhileTheRunGoesOn),
            new ClusterCase("node: frozen with its run", NodeFaults::nodeFrozen),
            new ClusterCase("API server: refuses", ServerFaults::refuses),
            new ClusterCase("API server: refuses, no election", Map.of("leaderElection", false), ServerFaults::refuses),
            new ClusterCase("API server: hangs", ServerFaults::hangs),
            new ClusterCase("CRD deleted", ServerFaults::crdDeleted));

    @TestFactory
    Stream<DynamicTest> endsAsItMust() {
        List<ClusterCase> cases = ClusterCase.drawn(List.of(), ALL, "node faults");
        if (cases.isEmpty()) {
            return Stream.empty();
        }
        Ground ground = Ground.in(Cluster.ofTwoNodes());
        return cases.stream().map(one -> DynamicTest.dynamicTest(one.name(), () -> one.play(ground)));
    }
}
