package dev.dbmigrations.system;

import io.fabric8.kubernetes.client.utils.Serialization;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** A database of one test, and the role that migrates it. */
record Database(DatabaseServer server, String name, String role, String password) {

    /** {@return the Secret's keys, in the form of parts} */
    Map<String, String> inParts() {
        return Map.of("host", DatabaseServer.HOST, "port", "5432", "user", role, "password", password, "dbname", name);
    }

    /** {@return the same as one URI} */
    Map<String, String> asUri() {
        return Map.of(
                "uri",
                "postgresql://%s:%s@%s:5432/%s"
                        .formatted(encoded(role), encoded(password), DatabaseServer.HOST, encoded(name)));
    }

    /** {@return the same as one JSON document, as AWS Secrets Manager writes it} */
    Map<String, String> asJson() {
        Map<String, Object> document = Map.of(
                "engine",
                "postgres",
                "host",
                DatabaseServer.HOST,
                "port",
                5432,
                "username",
                role,
                "password",
                password,
                "dbname",
                name);
        return Map.of("credentials.json", Serialization.asJson(document));
    }

    /** {@return what psql prints for this query, a row a line} */
    List<String> ask(String query) {
        String output = server.psql(name, query);
        return output.isEmpty() ? List.of() : Arrays.asList(output.split("\n"));
    }

    /** {@return a copy of it as it is}; fails while anybody is connected. */
    Database copy(String copy) {
        server.psql(
                "postgres",
                "CREATE DATABASE %s TEMPLATE %s OWNER %s"
                        .formatted(
                                DatabaseServer.identifier(copy),
                                DatabaseServer.identifier(name),
                                DatabaseServer.identifier(role)));
        return new Database(server, copy, role, password);
    }

    /** Runs statements as the role that migrates. */
    void run(String statements) {
        server.psql(name, "SET ROLE " + DatabaseServer.identifier(role) + "; " + statements);
    }

    /** Opens a transaction that does this, and stays open beside all else. */
    void keepOpen(String statements) {
        server.keepOpen(name, "SET ROLE " + DatabaseServer.identifier(role) + "; BEGIN; " + statements);
    }

    /** Ends the transactions that were kept open. */
    void closeAll() {
        server.closeAll(name);
    }

    /** {@return the rows of Alembic's version table} */
    List<String> revisions() {
        return revisions("alembic_version");
    }

    /** {@return the rows of that version table, which may be quoted and have a schema} */
    List<String> revisions(String table) {
        return ask("SELECT version_num FROM " + table + " ORDER BY 1");
    }

    /** {@return the tables that revisions have made} */
    List<String> tables() {
        return ask("""
                SELECT tablename FROM pg_tables
                WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'watched') AND tablename <> 'gate'
                ORDER BY 1""");
    }

    /** {@return every set of rows that was ever committed to a version table here} */
    Set<List<String>> statesEverCommitted() {
        List<List<String>> states = new ArrayList<>(List.of(List.of()));
        for (String row : ask("SELECT to_json(rows) FROM watched.states ORDER BY id")) {
            states.add(Arrays.stream(Serialization.unmarshal(row, String[].class))
                    .sorted()
                    .toList());
        }
        return states.stream().collect(Collectors.toSet());
    }

    /** {@return the names of the sessions that its role has in it} */
    List<String> sessions() {
        return ofSessions("application_name");
    }

    /** {@return their backends' process ids} */
    List<String> backends() {
        return ofSessions("pid");
    }

    private List<String> ofSessions(String column) {
        return ask("SELECT " + column + " FROM pg_stat_activity WHERE datname = current_database() AND usename = "
                + DatabaseServer.literal(role));
    }

    static String encoded(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
