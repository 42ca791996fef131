package dev.dbmigrations.faults;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.postgresql.PostgreSQLContainer;

/**
 * A PostgreSQL beside the cluster, which pods and this JVM reach by the same address, as an operator and its pods do. Its
 * databases keep a ledger of what was done to them ({@code faults/audit.sql}).
 */
final class LedgerServer {

    static final String ROLE = "migrator";
    static final String PASSWORD = "pass-of-the-migrator";

    private static final String EMPTY = "empty";
    private static final String AT_HEAD = "at_head";

    private final String address;

    private static final class Holder {
        static final LedgerServer SERVER = new LedgerServer();
    }

    /** {@return the server, which ends with the JVM} */
    static LedgerServer shared() {
        return Holder.SERVER;
    }

    private LedgerServer() {
        @SuppressWarnings("resource") // stopped by the hook
        PostgreSQLContainer container = new PostgreSQLContainer("postgres:17");
        container
                .withUsername("postgres")
                .withPassword("superuser")
                .setCommand(
                        "postgres", "-c", "fsync=off", "-c", "max_connections=300", "-c", "track_commit_timestamp=on");
        container.start();
        Runtime.getRuntime().addShutdownHook(new Thread(container::stop));
        address = Objects.requireNonNull(DockerClientFactory.lazyClient()
                .inspectContainerCmd(container.getContainerId())
                .exec()
                .getNetworkSettings()
                .getNetworks()
                .values()
                .iterator()
                .next()
                .getIpAddress());
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

    /** {@return a new database without a revision} */
    LedgerDatabase empty(String name) {
        return copy(EMPTY, name);
    }

    /** {@return a new database that all of the tree's revisions were applied to} */
    LedgerDatabase atHead(String name) {
        return copy(AT_HEAD, name);
    }

    private synchronized LedgerDatabase copy(String template, String name) {
        run("postgres", "CREATE DATABASE \"%s\" OWNER %s TEMPLATE %s".formatted(name, ROLE, template));
        return new LedgerDatabase(this, name);
    }

    /** {@return a superuser's connection, for the caller to close} */
    Connection connect(String database) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://%s:5432/%s?ApplicationName=oracle".formatted(address, database),
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
