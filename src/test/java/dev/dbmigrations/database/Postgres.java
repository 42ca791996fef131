package dev.dbmigrations.database;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.testcontainers.images.builder.Transferable;
import org.testcontainers.postgresql.PostgreSQLContainer;

/** A PostgreSQL server for all tests, with TLS. Its name is {@code db.test}, and so says its certificate. */
final class Postgres {

    static final String HOST = "db.test";

    private static final AtomicInteger DATABASES = new AtomicInteger();
    private static @Nullable Postgres running;

    private final PostgreSQLContainer container;
    private final Certificates certificates;

    private Postgres(PostgreSQLContainer container, Certificates certificates) {
        this.container = container;
        this.certificates = certificates;
    }

    /** {@return the server, which ends with the JVM} */
    static synchronized Postgres running() throws Exception {
        if (running == null) {
            PostgreSQLContainer container = new PostgreSQLContainer("postgres:17");
            container.start();
            running = new Postgres(container, Certificates.make(HOST));
            running.turnTlsOn();
        }
        return running;
    }

    private void turnTlsOn() throws Exception {
        container.copyFileToContainer(Transferable.of(certificates.serverPem()), "/tmp/server.crt");
        container.copyFileToContainer(Transferable.of(certificates.serverKeyPem()), "/tmp/server.key");
        shell("install -o postgres -m 0600 /tmp/server.crt /tmp/server.key /var/lib/postgresql/");
        sql(
                "postgres",
                "ALTER SYSTEM SET ssl_cert_file = '/var/lib/postgresql/server.crt'",
                "ALTER SYSTEM SET ssl_key_file = '/var/lib/postgresql/server.key'",
                "ALTER SYSTEM SET ssl = on",
                "SELECT pg_reload_conf()");
    }

    Certificates certificates() {
        return certificates;
    }

    /** Runs a command as root in the server's container. */
    void shell(String command) throws IOException, InterruptedException {
        var result = container.execInContainer("sh", "-c", command);
        if (result.getExitCode() != 0) {
            throw new IllegalStateException(command + ": " + result.getStderr());
        }
    }

    /** {@return the name of a new, empty database} */
    String newDatabase() throws SQLException {
        String name = "db" + DATABASES.incrementAndGet();
        sql("postgres", "CREATE DATABASE " + name);
        return name;
    }

    /** Runs statements as superuser. */
    void sql(String database, String... statements) throws SQLException {
        try (Connection connection = superuser(database);
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    Connection superuser(String database) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://" + container.getHost() + ":" + port() + "/" + database,
                container.getUsername(),
                container.getPassword());
    }

    int port() {
        return container.getMappedPort(5432);
    }

    /** {@return the superuser's credentials} */
    Credentials credentials(String database) {
        return credentials(database, container.getUsername(), container.getPassword());
    }

    Credentials credentials(String database, String user, String password) {
        return new Credentials(HOST, port(), user, password, database, SslMode.PREFER, null);
    }

    Credentials credentials(String host, SslMode mode, @Nullable String sslRootCert) {
        return new Credentials(
                host, port(), container.getUsername(), container.getPassword(), "postgres", mode, sslRootCert);
    }

    RevisionReader reader() {
        return new RevisionReader(Timeouts.DEFAULT, Clock.systemUTC(), this::resolve);
    }

    /** Reads as superuser what there is. */
    Reading read(String database) {
        return read(credentials(database));
    }

    Reading read(Credentials credentials) {
        return reader().read(new Question(credentials, Optional.empty(), Optional.empty(), Optional.empty()));
    }

    /** Every name under {@code .test} is this server. */
    private InetAddress[] resolve(String host) throws UnknownHostException {
        if (!host.endsWith(".test")) {
            throw new UnknownHostException(host);
        }
        return InetAddress.getAllByName(container.getHost());
    }
}
