package dev.dbmigrations.faults;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** One database, and what it says of itself. */
record LedgerDatabase(LedgerServer server, String name) {

    /** {@return the Secret's keys} */
    Map<String, String> credentials() {
        return credentialsBy(server.address(), LedgerServer.PORT);
    }

    /** {@return the Secret's keys, with an address on the way to the server} */
    Map<String, String> credentialsBy(String host, int port) {
        return Map.of(
                "host",
                host,
                "port",
                Integer.toString(port),
                "user",
                LedgerServer.ROLE,
                "password",
                LedgerServer.PASSWORD,
                "dbname",
                name);
    }

    /** {@return what was committed, oldest first} */
    Ledger ledger() {
        String sql = """
                SELECT revision, direction = 'up', pid, transaction::text, began,
                       pg_xact_commit_timestamp(transaction::xid)
                FROM audit.ledger ORDER BY 6, id""";
        List<Ledger.Row> rows = query(
                sql,
                row -> new Ledger.Row(
                        row.getString(1),
                        row.getBoolean(2),
                        row.getInt(3),
                        row.getString(4),
                        instant(row.getTimestamp(5)),
                        instant(row.getTimestamp(6))));
        return new Ledger(rows);
    }

    /** {@return the rows of Alembic's version table; none where there is no table} */
    List<String> revisions() {
        return tables().contains("alembic_version")
                ? strings("SELECT version_num FROM alembic_version ORDER BY 1")
                : List.of();
    }

    /** {@return the tables in the public schema} */
    List<String> tables() {
        return strings("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1");
    }

    /** {@return commands that changed the schema without a row in the ledger; the version table's own is none} */
    List<String> unexplainedCommands() {
        return strings("""
                SELECT concat_ws(' ', command, objects) FROM audit.ddl
                WHERE transaction NOT IN (SELECT transaction FROM audit.ledger)
                  AND objects NOT LIKE 'public.alembic_version%' ORDER BY id""");
    }

    /** {@return how many sessions migrate it at the moment} */
    int sessions() {
        return strings("SELECT pid FROM pg_stat_activity WHERE usename = '%s' AND datname = '%s'"
                                .formatted(LedgerServer.ROLE, name)
                        + " AND application_name <> 'dbmigrations/operator'")
                .size();
    }

    /** Ends the sessions whose names are like this, as a person would. */
    void endSessionsOf(String name) {
        server.run(
                this.name,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s' AND application_name LIKE '%s'"
                        .formatted(this.name, name));
    }

    /** {@return whether a run waits at the gate} */
    boolean someoneIsAtTheGate() {
        return !strings("SELECT pid FROM pg_stat_activity WHERE datname = '%s' AND wait_event = 'PgSleep'"
                        .formatted(name))
                .isEmpty();
    }

    void closeTheGate() {
        server.run(name, "UPDATE audit.gate SET closed = true");
    }

    void openTheGate() {
        server.run(name, "UPDATE audit.gate SET closed = false");
    }

    /** Removes it, whoever is connected. */
    void drop() {
        server.run("postgres", "DROP DATABASE \"%s\" WITH (FORCE)".formatted(name));
    }

    /** Runs statements as superuser. */
    void run(String sql) {
        server.run(name, sql);
    }

    /** {@return the first column of what a superuser's query gives} */
    List<String> strings(String sql) {
        return query(sql, row -> row.getString(1));
    }

    private interface Reader<R> {
        R read(ResultSet row) throws SQLException;
    }

    private <R> List<R> query(String sql, Reader<R> reader) {
        try (Connection connection = server.connect(name);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<R> all = new ArrayList<>();
            while (rows.next()) {
                all.add(reader.read(rows));
            }
            return all;
        } catch (SQLException e) {
            throw new IllegalStateException(sql + ": " + e.getMessage(), e);
        }
    }

    private static Instant instant(Timestamp timestamp) {
        return timestamp.toInstant();
    }
}
