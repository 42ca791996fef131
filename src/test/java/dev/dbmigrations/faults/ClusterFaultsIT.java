package dev.dbmigrations.faults;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * What befalls in a cluster: the operator's image, installed by its chart, its Jobs, and a database that keeps a ledger.
 *
 * <p>{@code -Dfaults.cases=all} plays all of them; otherwise the first ones, which are all different.
 */
@Execution(ExecutionMode.CONCURRENT)
class ClusterFaultsIT {

    private static final Map<String, ?> TWO_REPLICAS = Map.of("replicas", 2);
    private static final Map<String, ?> NO_ELECTION = Map.of("leaderElection", false);

    private static final List<ClusterCase> ALWAYS = List.of(
            new ClusterCase("operator: killed", OperatorFaults::killed),
            new ClusterCase("operator: two at once without an election", NO_ELECTION, OperatorFaults::twoAtOnce),
            new ClusterCase("Job: its pod is evicted", JobFaults::evicted),
            new ClusterCase("Job: deleted by hand", JobFaults::jobDeleted),
            new ClusterCase("namespace deleted", ObjectFaults::namespaceDeleted));

    private static final List<ClusterCase> MORE = List.of(
            new ClusterCase("operator: evicted", OperatorFaults::evicted),
            new ClusterCase(
                    "operator: leader killed, a standby there", TWO_REPLICAS, OperatorFaults::leaderKilledWithAStandby),
            new ClusterCase("operator: leader frozen and thawed", TWO_REPLICAS, OperatorFaults::frozenAndThawed),
            new ClusterCase(
                    "operator: leader frozen before the Job, thawed in mid-run",
                    TWO_REPLICAS,
                    OperatorFaults::frozenBeforeTheJob),
            new ClusterCase("operator: upgraded and rolled back", OperatorFaults::upgradedAndRolledBack),
            new ClusterCase("operator: out of memory", NO_ELECTION, OperatorFaults::outOfMemory),
            new ClusterCase("operator: throttled", Map.of("resources.limits.cpu", "50m"), OperatorFaults::throttled),
            new ClusterCase("Job: its process is killed", JobFaults::killed),
            new ClusterCase("Job: its pod is removed by force", JobFaults::removedByForce),
            new ClusterCase("Job: deleted after its end, the operator being away", JobFaults::jobDeletedAfterItsEnd),
            new ClusterCase("Job: out of memory", JobFaults::outOfMemory),
            new ClusterCase("Job: its image comes later", JobFaults::imageComesLater),
            new ClusterCase("Job: its failure shows", JobFaults::failureShows),
            new ClusterCase("resource: made again", ObjectFaults::recreated),
            new ClusterCase(
                    "resource: made again, the operator being away", ObjectFaults::recreatedWhileTheOperatorIsAway),
            new ClusterCase("resource: made again, its Job orphaned", ObjectFaults::recreatedWithAnOrphan),
            new ClusterCase("refused: a quota of Jobs", ObjectFaults::quotaOfJobs),
            new ClusterCase("refused: a policy against Jobs", ObjectFaults::policyAgainstJobs),
            new ClusterCase("refused: a policy against pods", ObjectFaults::policyAgainstPods));

    @TestFactory
    Stream<DynamicTest> endsAsItMust() {
        List<ClusterCase> cases = ClusterCase.drawn(ALWAYS, MORE, "cluster faults");
        Ground ground = Ground.shared();
        return cases.stream().map(one -> DynamicTest.dynamicTest(one.name(), () -> one.play(ground)));
    }
}
