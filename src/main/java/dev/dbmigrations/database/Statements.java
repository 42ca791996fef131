package dev.dbmigrations.database;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Statements on one connection, within its transaction. */
final class Statements {

    /** No right, no such function, no such view: what servers keep from users, or do not have. */
    private static final Set<String> NOT_TO_BE_SEEN = Set.of("42501", "42883", "42P01");

    private final Connection connection;

    Statements(Connection connection) {
        this.connection = connection;
    }

    void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    <T> List<T> rows(String sql, Row<T> row, Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            List<T> rows = new ArrayList<>();
            try (ResultSet results = statement.executeQuery()) {
                while (results.next()) {
                    rows.add(row.read(results));
                }
            }
            return rows;
        }
    }

    /** What the query gives, or nothing where this role may not see it. */
    <T> List<T> ifAllowed(Rows<T> query) throws SQLException {
        Savepoint before = connection.setSavepoint();
        try {
            return query.get();
        } catch (SQLException failure) {
            if (!NOT_TO_BE_SEEN.contains(String.valueOf(failure.getSQLState()))) {
                throw failure;
            }
            connection.rollback(before);
            return List.of();
        }
    }

    interface Rows<T> {
        List<T> get() throws SQLException;
    }

    interface Row<T> {
        T read(ResultSet results) throws SQLException;
    }
}
