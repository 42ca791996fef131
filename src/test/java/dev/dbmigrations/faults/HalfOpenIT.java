package dev.dbmigrations.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.api.Reason;
import dev.dbmigrations.testing.Cluster;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A connection that is open on both sides and leads nowhere, as after a router has forgotten it. */
@Execution(ExecutionMode.CONCURRENT)
@ExtendWith(CountedCases.class)
class HalfOpenIT {

    private static final Duration LONG_ENOUGH = Duration.ofMinutes(3);

    private final Cluster cluster = Cluster.withoutOperator();

    @Test
    void freesTheLockAndBeginsAnew() throws Exception {
        try (OnStage play = new OnStage(LedgerServer.shared()::empty)) {
            Stage stage = play.stage();
            stage.database().closeTheGate();
            stage.create(DatabaseFaultsIT.UP_ONE_BY_ONE);
            stage.awaitSomeoneAtTheGate();
            // The kubelet may say it after the run is at the gate.
            String pod = await("the pod's address")
                    .until(() -> stage.pods().getFirst().getStatus().getPodIP(), Objects::nonNull);
            dropPackets("-I", pod);
            Instant lost = Instant.now();
            try {
                await("the server gives the lock back")
                        .atMost(LONG_ENOUGH)
                        .until(() -> stage.database().sessions() == 0);
                say("the server has ended its sessions", lost);
                stage.database().openTheGate();
                await("the next Job")
                        .atMost(LONG_ENOUGH)
                        .until(() -> stage.jobsMade().size() == 2);
                say("the next Job was made", lost);
                stage.awaitReason(Reason.AtTarget);
            } finally {
                dropPackets("-D", pod);
            }
            assertThat(play.end(Set.of()))
                    .usingRecursiveComparison()
                    .ignoringFields("history")
                    .isEqualTo(DatabaseFaultsIT.upgradedBy(2));
        }
    }

    private static void say(String what, Instant since) {
        System.out.printf(
                "half-open connection: %s after %.1f s%n",
                what, Duration.between(since, Instant.now()).toMillis() / 1e3);
    }

    /** Between this pod and every PostgreSQL, without a word to either. */
    private void dropPackets(String action, String pod) throws Exception {
        for (List<String> way :
                List.of(List.of("-s", pod, "-p", "tcp", "--dport"), List.of("-d", pod, "-p", "tcp", "--sport"))) {
            String command =
                    "iptables %s FORWARD %s %d -j DROP".formatted(action, String.join(" ", way), LedgerServer.PORT);
            assertThat(cluster.node().execInContainer(command.split(" ")).getExitCode())
                    .as(command)
                    .isZero();
        }
    }
}
