package dev.dbmigrations.faults;

import static org.awaitility.Awaitility.await;

import com.github.dockerjava.api.model.ContainerNetwork;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.postgresql.PostgreSQLContainer;

/**
 * A PostgreSQL beside the cluster, which pods and this JVM reach by the same address, as an operator and its pods do. Its
 * databases keep a ledger of what was done to them ({@code faults/audit.sql}).
 */
final class LedgerServer {

    static final String ROLE = "migrator";
    static final String PASSWORD = "pass-of-the-migrator";
    static final int PORT = 5432;

    /** A tablespace of a few MB. */
    static final String SMALL = "small";

    private static final String IMAGE = "postgres:17";
    private static final String EMPTY = "empty";
    private static final String AT_HEAD = "at_head";
    private static final String OPTIONS = "-c fsync=off -c max_connections=300 -c track_commit_timestamp=on";

    private final GenericContainer<?> container;
    private final String address;
    private final String gateway;
    private final Sampler sampler;

    private static final class Holder {
        static final LedgerServer SERVER = start();
    }

    /** {@return the server that nobody stops, which ends with the JVM} */
    static LedgerServer shared() {
        return Holder.SERVER;
    }

    /** {@return another server, which ends with the JVM} */
    static LedgerServer start() {
        @SuppressWarnings("resource") // stopped by the hook
        GenericContainer<?> container = new PostgreSQLContainer(IMAGE)
                .withUsername("postgres")
                .withPassword("superuser")
                .withTmpFs(Map.of("/" + SMALL, "size=24m"))
                // The container outlives the server in it, which can be stopped and started again.
                .withCreateContainerCmdModifier(command -> {
                    Objects.requireNonNull(command.getHostConfig()).withInit(true);
                    command.withEntrypoint("sh", "-c");
                });
        container.withCommand(new String[] {"docker-entrypoint.sh postgres " + OPTIONS + " & exec sleep infinity"});
        LedgerServer server = new LedgerServer(container);
        server.prepare();
        return server;
    }

    private LedgerServer(GenericContainer<?> container) {
        this.container = container;
        container.start();
        Runtime.getRuntime().addShutdownHook(new Thread(container::stop));
        ContainerNetwork network = DockerClientFactory.lazyClient()
                .inspectContainerCmd(container.getContainerId())
                .exec()
                .getNetworkSettings()
                .getNetworks()
                .values()
                .iterator()
                .next();
        address = Objects.requireNonNull(network.getIpAddress());
        gateway = Objects.requireNonNull(network.getGateway());
        sampler = new Sampler(this);
    }

    private void prepare() {
        exec("chown", "postgres", "/" + SMALL);
        run("postgres", "CREATE TABLESPACE %1$s LOCATION '/%1$s'".formatted(SMALL));
        run("postgres", "CREATE ROLE %s LOGIN PASSWORD '%s'".formatted(ROLE, PASSWORD));
        run("postgres", "CREATE DATABASE %s OWNER %s".formatted(EMPTY, ROLE));
        run(EMPTY, resource("/faults/audit.sql"));
        run("postgres", "CREATE DATABASE %s OWNER %s TEMPLATE %s".formatted(AT_HEAD, ROLE, EMPTY));
        run(AT_HEAD, resource("/faults/at-head.sql"));
    }

    /** {@return where it is, for everybody} */
    String address() {
        return address;
    }

    /** {@return where this JVM is, for pods} */
    String addressOfThisJvm() {
        return gateway;
    }

    /** {@return who held the locks of its databases} */
    Sampler sampler() {
        return sampler;
    }

    /** {@return a new database without a revision} */
    LedgerDatabase empty(String name) {
        return copy(EMPTY, name, "");
    }

    /** {@return the same on a disk that is almost full} */
    LedgerDatabase emptyOnASmallDisk(String name) {
        return copy(EMPTY, name, "TABLESPACE " + SMALL);
    }

    /** {@return a new database that all of the tree's revisions were applied to} */
    LedgerDatabase atHead(String name) {
        return copy(AT_HEAD, name, "");
    }

    /** {@return a copy of a database that nobody is connected to} */
    synchronized LedgerDatabase copy(String template, String name, String more) {
        run("postgres", "CREATE DATABASE \"%s\" OWNER %s TEMPLATE \"%s\" %s".formatted(name, ROLE, template, more));
        return new LedgerDatabase(this, name);
    }

    /** Ends it in the midst of everything, as a crash does. */
    void stopAtOnce() {
        exec("gosu", "postgres", "pg_ctl", "stop", "-m", "immediate");
    }

    /** Starts it again, and waits until it takes connections. */
    void startAgain() {
        exec("gosu", "postgres", "pg_ctl", "start", "-w", "-l", "/tmp/server.log", "-o", OPTIONS);
        await("connections")
                .pollInterval(Duration.ofMillis(20))
                .atMost(Duration.ofMinutes(1))
                .until(this::takesConnections);
    }

    private boolean takesConnections() {
        try (Connection connection = connect("postgres")) {
            return connection.isValid(1);
        } catch (SQLException e) {
            return false;
        }
    }

    /** {@return a replica of it, which has all that it has now}, on a server of its own that ends with the JVM. */
    LedgerServer replica() {
        run(
                "postgres",
                "COPY (SELECT 'host replication all all scram-sha-256') TO PROGRAM 'cat >> $PGDATA/pg_hba.conf'");
        run("postgres", "SELECT pg_reload_conf()");
        String copyAndRun = """
                export PGPASSWORD=superuser
                mkdir -p /%1$s && chown postgres /%1$s $PGDATA && chmod 700 $PGDATA &&
                gosu postgres pg_basebackup -h %2$s -U postgres -D $PGDATA -R -c fast &&
                exec gosu postgres postgres %3$s""".formatted(SMALL, address, OPTIONS);
        @SuppressWarnings("resource") // stopped by the hook
        GenericContainer<?> container = new GenericContainer<>(IMAGE)
                .withCreateContainerCmdModifier(command -> command.withEntrypoint("sh", "-c"))
                .withCommand(new String[] {copyAndRun})
                .waitingFor(Wait.forLogMessage(".*ready to accept read-only connections.*", 1));
        return new LedgerServer(container);
    }

    /** As a replica, it hears nothing of its primary any more. */
    void hearNoMore() {
        run("postgres", "ALTER SYSTEM SET primary_conninfo = ''");
        run("postgres", "SELECT pg_reload_conf()");
        await("no word of the primary")
                .pollInterval(Duration.ofMillis(50))
                .until(() -> new LedgerDatabase(this, "postgres")
                        .strings("SELECT pid FROM pg_stat_wal_receiver")
                        .isEmpty());
    }

    /** Makes a replica the primary. */
    void promote() {
        run("postgres", "SELECT pg_promote()");
    }

    /** Runs a command beside it as root. */
    String exec(String... command) {
        try {
            ExecResult result = container.execInContainer(command);
            if (result.getExitCode() != 0) {
                throw new IllegalStateException(String.join(" ", command) + ": " + result);
            }
            return result.getStdout();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** {@return a superuser's connection, for the caller to close} */
    Connection connect(String database) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://%s:%d/%s?ApplicationName=oracle".formatted(address, PORT, database),
                "postgres",
                "superuser");
    }

    /** Runs statements as superuser. */
    void run(String database, String sql) {
        try (Connection connection = connect(database);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(sql + ": " + e.getMessage(), e);
        }
    }

    private static String resource(String name) {
        try (InputStream stream = Objects.requireNonNull(LedgerServer.class.getResourceAsStream(name), name)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
