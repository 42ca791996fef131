package dev.dbmigrations.database;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Alembic's version table: finding it and reading it, over a connection whose search path is pinned.
 *
 * <p>Only a plain table is read, and only one without active row-level security: a view, a foreign table or a policy
 * runs code of its owner, and shows what that code wants.
 */
final class VersionTable {

    private static final String FIND = """
            SELECT n.nspname AS schema, c.relkind IN ('r', 'p') AS plain, a.attnum IS NOT NULL AS numbered,
                   pg_catalog.row_security_active(c.oid) AS filtered,
                   pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS usable,
                   pg_catalog.has_table_privilege(c.oid, 'SELECT')
                     OR coalesce(pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT'), false) AS readable
            FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_catalog.pg_attribute a
              ON a.attrelid = c.oid AND a.attname = 'version_num' AND NOT a.attisdropped
            WHERE c.relname = ? AND n.nspname = ANY (?) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
            ORDER BY pg_catalog.array_position(?, n.nspname::text)
            LIMIT 1
            """;

    /** More rows, or longer ones, than any tree of Alembic's comes to: they would fill the status and the memory. */
    private static final int MOST_ROWS = 100;

    private static final int LONGEST_ROW = 255;

    private static final Pattern CONTROL = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]");

    private VersionTable() {}

    /**
     * {@return the table's full name, where there is such a table}
     *
     * @param wanted without a schema, the first on the path
     * @param searchPath the schemas that the connection would have searched
     * @param reader who reads, as the grant that helps would name it
     */
    static Optional<TableName> find(Connection connection, TableName wanted, List<String> searchPath, String reader)
            throws SQLException, Obstacle {
        List<String> schemas = wanted.schema().map(List::of).orElse(searchPath);
        try (PreparedStatement statement = connection.prepareStatement(FIND)) {
            Array array = connection.createArrayOf("text", schemas.toArray());
            statement.setString(1, wanted.name());
            statement.setArray(2, array);
            statement.setArray(3, array);
            try (ResultSet row = statement.executeQuery()) {
                if (!row.next()) {
                    return Optional.empty();
                }
                TableName name = TableName.of(row.getString("schema"), wanted.name());
                checkRights(row, name, reader);
                checkKind(row, name);
                return Optional.of(name);
            }
        }
    }

    private static void checkRights(ResultSet row, TableName name, String reader) throws SQLException, Obstacle {
        if (!row.getBoolean("usable")) {
            throw Obstacle.refused("does not let this role into the schema of %s: GRANT USAGE ON SCHEMA %s TO %s"
                    .formatted(name, TableName.quote(row.getString("schema")), reader));
        }
        if (!row.getBoolean("readable")) {
            throw Obstacle.refused(
                    "does not let this role read %s: GRANT SELECT ON %s TO %s".formatted(name, name.quoted(), reader));
        }
        if (row.getBoolean("filtered")) {
            throw Obstacle.refused("hides rows of %s from this role: ALTER TABLE %s DISABLE ROW LEVEL SECURITY"
                    .formatted(name, name.quoted()));
        }
    }

    private static void checkKind(ResultSet row, TableName name) throws SQLException, Obstacle {
        if (!row.getBoolean("plain")) {
            throw Obstacle.unusable("has %s as a view or a foreign table: a version table is a table".formatted(name));
        }
        if (!row.getBoolean("numbered")) {
            throw Obstacle.unusable(
                    "has %s without a column version_num: it is no version table of Alembic's".formatted(name));
        }
    }

    /** {@return the table's rows} */
    static List<String> revisions(Connection connection, TableName name) throws SQLException, Obstacle {
        List<String> revisions = new ArrayList<>();
        try (Statement statement = connection.createStatement()) {
            statement.setMaxRows(MOST_ROWS + 1);
            // Without a cast, which could be the table's owner's. The driver keeps large rows out of the memory.
            ResultSet rows = statement.executeQuery("SELECT version_num FROM " + name.quoted());
            while (rows.next()) {
                revisions.add(revision(rows.getString(1), name));
            }
        }
        if (revisions.size() > MOST_ROWS) {
            throw Obstacle.unusable(
                    "has more than " + MOST_ROWS + " rows in " + name + ": Alembic keeps one per branch");
        }
        return revisions;
    }

    private static String revision(@Nullable String row, TableName name) throws Obstacle {
        if (row == null
                || row.isEmpty()
                || row.length() > LONGEST_ROW
                || CONTROL.matcher(row).find()) {
            throw Obstacle.unusable(
                    ("has a row in %s that is no revision's id: ids have 1 to %d characters, none of them"
                                    + " a control character")
                            .formatted(name, LONGEST_ROW));
        }
        return row;
    }
}
