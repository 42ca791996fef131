package dev.dbmigrations.system;

import static org.awaitility.Awaitility.await;

import dev.dbmigrations.testing.Cluster;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One PostgreSQL in the cluster for all tests; each test has databases and roles of its own in it. */
final class DatabaseServer {

    /** Its name for pods of every namespace. */
    static final String HOST = "postgres.postgres.svc";

    /** A database to copy: it keeps a list of what was ever committed to a version table. */
    private static final String WATCHED = "watched";

    private static final String KEPT_OPEN =
            "FROM pg_stat_activity WHERE application_name = 'kept-open' AND datname = current_database()";

    private final KubernetesClient client;

    private static final class Holder {
        static final DatabaseServer SERVER = new DatabaseServer(Cluster.shared());
    }

    /** {@return the server, which takes connections} */
    static DatabaseServer shared() {
        return Holder.SERVER;
    }

    private DatabaseServer(Cluster cluster) {
        client = cluster.client();
        client.load(open("/system/postgres.yaml")).create();
        client.pods().inNamespace("postgres").withName("postgres").waitUntilReady(2, TimeUnit.MINUTES);
        await().atMost(Duration.ofMinutes(1))
                .ignoreExceptions()
                .until(() -> psql("postgres", "SELECT 1").equals("1"));
        psql("postgres", "CREATE DATABASE " + WATCHED);
        psql(WATCHED, resource("/system/watched.sql"));
    }

    /** {@return a new, empty database that its own new role owns} */
    Database create(String name, String role, String password) {
        String quotedRole = identifier(role);
        psql("postgres", "CREATE ROLE %s LOGIN PASSWORD %s".formatted(quotedRole, literal(password)));
        psql("postgres", "CREATE DATABASE %s OWNER %s TEMPLATE %s".formatted(identifier(name), quotedRole, WATCHED));
        // The server's public schema belongs to the database's owner already, by way of pg_database_owner.
        return new Database(this, name, role, password);
    }

    /** {@return what psql prints for these statements, as the superuser}; fails with its error where it fails. */
    String psql(String database, String sql) {
        return exec("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database, "-c", sql)
                .strip();
    }

    /** Leaves a session behind that has done this and is idle. */
    void keepOpen(String database, String sql) {
        String session = "{ printf '%s;\\n' \"$1\"; sleep 600; } | PGAPPNAME=kept-open psql -Xq -U postgres -d \"$0\"";
        exec("sh", "-c", "(" + session + ") >/dev/null 2>&1 &", database, sql);
        await("the session is idle in its transaction")
                .atMost(Duration.ofMinutes(1))
                .until(() -> psql(database, "SELECT state " + KEPT_OPEN).equals("idle in transaction"));
    }

    /** Ends the sessions that were left behind. */
    void closeAll(String database) {
        psql(database, "SELECT pg_terminate_backend(pid) " + KEPT_OPEN);
    }

    /** {@return what pg_dump says of a database's schema; equal for equal schemas} */
    String schemaOf(String database) {
        return exec("pg_dump", "-U", "postgres", "--schema-only", "--no-owner", "-d", database)
                // Newer ones put a random word there.
                .replaceAll("(?m)^\\\\(un)?restrict .*$", "");
    }

    /** {@return the address of its pod} */
    String address() {
        Pod pod = client.pods().inNamespace("postgres").withName("postgres").get();
        return pod.getStatus().getPodIP();
    }

    static String identifier(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    /** {@return a part of a name that no other test has} */
    static String unique() {
        return UUID.randomUUID().toString().substring(24);
    }

    private String exec(String... command) {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        ByteArrayOutputStream error = new ByteArrayOutputStream();
        try (ExecWatch exec = client.pods()
                .inNamespace("postgres")
                .withName("postgres")
                .writingOutput(output)
                .writingError(error)
                .exec(command)) {
            int status = exec.exitCode().get(1, TimeUnit.MINUTES);
            if (status != 0) {
                throw new AssertionError("%s ended with %d: %s"
                        .formatted(String.join(" ", command), status, error.toString(StandardCharsets.UTF_8)));
            }
            return output.toString(StandardCharsets.UTF_8);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException(String.join(" ", command) + " did not end", e);
        }
    }

    private static String resource(String name) {
        try (InputStream stream = open(name)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static InputStream open(String name) {
        return Objects.requireNonNull(DatabaseServer.class.getResourceAsStream(name), name);
    }
}
