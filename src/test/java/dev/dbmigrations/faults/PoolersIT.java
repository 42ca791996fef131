package dev.dbmigrations.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.Reason;
import dev.dbmigrations.testing.TestImages;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;

/** PgBouncer between the pods and the database: no lock lasts in transaction mode, so there nothing is run. */
@Execution(ExecutionMode.CONCURRENT)
@ExtendWith(CountedCases.class)
class PoolersIT {

    private static final String IMAGE = "dbmigrations/test-pgbouncer:faults";
    private static final int IN_TRANSACTION_MODE = 6432;
    private static final int IN_SESSION_MODE = 6433;

    private static final LedgerServer SERVER = LedgerServer.shared();
    private static String address = "";
    private static GenericContainer<?> pooler;

    @BeforeAll
    static void startThePooler() {
        TestImages.build(IMAGE, "src/test/resources/images/pgbouncer");
        pooler = new GenericContainer<>(IMAGE)
                .withEnv(Map.of(
                        "SERVER", SERVER.address(), "ROLE", LedgerServer.ROLE, "PASSWORD", LedgerServer.PASSWORD))
                .withExposedPorts(IN_TRANSACTION_MODE, IN_SESSION_MODE)
                .waitingFor(Wait.forListeningPort());
        pooler.start();
        address = Objects.requireNonNull(DockerClientFactory.lazyClient()
                .inspectContainerCmd(pooler.getContainerId())
                .exec()
                .getNetworkSettings()
                .getNetworks()
                .values()
                .iterator()
                .next()
                .getIpAddress());
    }

    @AfterAll
    static void stopThePooler() {
        pooler.stop();
    }

    private static End play(int port, Consumer<Stage> script) {
        return Play.of(
                        new Scenario("", false, Set.of(), stage -> {
                            stage.credentials(stage.database().credentialsBy(address, port));
                            script.accept(stage);
                        }),
                        instance -> Fault.Plan.NONE)
                .end();
    }

    private static void isRefused(Stage stage) {
        stage.create(DatabaseFaultsIT.UP);
        assertThat(stage.awaitReason(Reason.CredentialsInvalid).condition("Stalled"))
                .isPresent();
        assertThat(stage.message())
                .contains(address + ":" + IN_TRANSACTION_MODE + " is a connection pooler in transaction mode")
                .contains("the Secret must lead to PostgreSQL itself or to a pool in session mode");
        assertThat(stage.database().tables()).isEmpty();
        assertThat(stage.jobsMade()).hasSize(1);
    }

    @Test
    void runsNothingInTransactionModeAndGoesOnInSessionMode() {
        End end = play(IN_TRANSACTION_MODE, stage -> {
            isRefused(stage);
            stage.credentials(stage.database().credentialsBy(address, IN_SESSION_MODE));
            stage.awaitReason(Reason.AtTarget);
        });
        assertThat(end).isEqualTo(DatabaseFaultsIT.upgradedBy(2));
    }

    /** The application's own traffic makes the pooler hand out several backends, now this one, now that one. */
    @Test
    void runsNothingInTransactionModeHoweverBusyThePoolIs() {
        End end = play(IN_TRANSACTION_MODE, stage -> {
            List<Traffic> traffic = IntStream.range(0, 6)
                    .mapToObj(i -> Traffic.through(
                            stage.database(), address, IN_TRANSACTION_MODE, "SELECT pg_sleep(random() / 100)"))
                    .toList();
            isRefused(stage);
            traffic.forEach(Traffic::close);
            stage.credentials(stage.database().credentials());
            stage.awaitReason(Reason.AtTarget);
        });
        assertThat(end).isEqualTo(DatabaseFaultsIT.upgradedBy(2));
    }

    @Test
    void migratesInSessionMode() {
        End end = play(IN_SESSION_MODE, stage -> {
            stage.create(DatabaseFaultsIT.UP);
            stage.awaitReason(Reason.AtTarget);
        });
        assertThat(end).isEqualTo(DatabaseFaultsIT.upgradedBy(1));
    }
}
