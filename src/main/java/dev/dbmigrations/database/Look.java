package dev.dbmigrations.database;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;

/**
 * One look at a database over an open connection.
 *
 * <p>It is one read-only transaction whose settings are all local to it: behind a pooler, the same server session goes
 * to somebody else afterwards, who must find neither our role nor our search path. Statements read what is committed at
 * their own time, so nothing is held that anybody would wait for, but the version table for the last of them.
 *
 * <p>Whoever owns a schema on the search path could plant functions and operators there. So the path is only read, and
 * replaced by {@code pg_catalog} before the first statement that compares anything.
 */
final class Look {

    /** Held by a run from start to end, and by whatever works for one; see the runner's {@code locks.py}. */
    private static final long LOCK_KEY = 0x64626d6967726174L;

    private static final long WORK_KEY = 0x64626d6967726175L;

    private static final String INVALID_PARAMETER_VALUE = "22023";
    private static final String INSUFFICIENT_PRIVILEGE = "42501";

    private final Connection connection;
    private final Statements statements;
    private final Question question;
    private final Duration limit;

    Look(Connection connection, Question question, Duration limit) {
        this.connection = connection;
        this.statements = new Statements(connection);
        this.question = question;
        this.limit = limit;
    }

    Reading take(Instant at) throws SQLException, Obstacle {
        connection.setReadOnly(true);
        connection.setAutoCommit(false);
        becomeRole();
        List<String> searchPath = searchPath();
        boolean readOnly = readOnly();
        Identity identity = identity();
        // Before the version table: of a run that ends meanwhile, we must not miss the lock and see the old rows.
        List<Session> lockHolders = statements.ifAllowed(this::lockHolders);
        Optional<Progress> progress = progress();
        List<String> invalidIndexes = statements.ifAllowed(this::invalidIndexes);
        Optional<TableName> table =
                VersionTable.find(connection, question.versionTable().orElse(TableName.DEFAULT), searchPath, reader());
        List<String> revisions = table.isPresent() ? VersionTable.revisions(connection, table.get()) : List.of();
        connection.commit();
        return new Reading.AtRevisions(
                at,
                revisions,
                identity,
                table,
                invalidIndexes,
                !lockHolders.isEmpty(),
                lockHolders.stream().findFirst(),
                progress,
                readOnly);
    }

    private Optional<Progress> progress() throws SQLException {
        return question.attempt().isPresent()
                ? new RunLook(statements, question.attempt().get()).progress()
                : Optional.empty();
    }

    private void becomeRole() throws SQLException, Obstacle {
        // Less than the wire's own limit: so the server says why there is no reply.
        statements.execute("SET LOCAL statement_timeout = " + limit.toMillis() * 4 / 5);
        statements.execute("SET LOCAL idle_in_transaction_session_timeout = " + limit.toMillis());
        if (question.role().isEmpty()) {
            return;
        }
        String role = TableName.quote(question.role().get());
        try {
            statements.execute("SET LOCAL ROLE " + role);
        } catch (SQLException failure) {
            if (INVALID_PARAMETER_VALUE.equals(failure.getSQLState())) {
                throw Obstacle.refused("has no role %s, which databaseRole names".formatted(role));
            }
            if (INSUFFICIENT_PRIVILEGE.equals(failure.getSQLState())) {
                throw Obstacle.refused(
                        "does not let the Secret's user become the role %1$s: GRANT %1$s TO it".formatted(role));
            }
            throw failure;
        }
    }

    /** Who reads, as a grant would name it. The user is a credential, and so is not named. */
    private String reader() {
        return question.role().map(TableName::quote).orElse("the Secret's user");
    }

    /** {@return the schemas that this session would search}, and searches none of them from now on. */
    private List<String> searchPath() throws SQLException {
        List<String> schemas = statements.rows("""
                SELECT s.name FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY AS s(name, place)
                ORDER BY s.place
                """, row -> row.getString(1));
        statements.execute("SET LOCAL search_path = pg_catalog, pg_temp");
        return schemas;
    }

    private boolean readOnly() throws SQLException {
        return statements
                .rows(
                        "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean",
                        row -> row.getBoolean(1))
                .getFirst();
    }

    private Identity identity() throws SQLException {
        List<String> systemIdentifier = statements.ifAllowed(
                () -> statements.rows("SELECT system_identifier FROM pg_control_system()", row -> row.getString(1)));
        Credentials credentials = question.credentials();
        return statements
                .rows(
                        """
                        SELECT d.datname, d.oid, coalesce(host(inet_server_addr()), ?), coalesce(inet_server_port(), ?)
                        FROM pg_database d WHERE d.datname = current_database()
                        """,
                        row -> new Identity(
                                row.getString(1),
                                row.getLong(2),
                                systemIdentifier.isEmpty() ? null : systemIdentifier.getFirst(),
                                row.getString(3),
                                row.getInt(4)),
                        credentials.host(),
                        credentials.port())
                .getFirst();
    }

    /** A session has its name before it has a key: read the other way round, a run of ours could seem to be nobody's. */
    private List<Session> lockHolders() throws SQLException {
        return statements.rows(
                """
                SELECT l.pid, coalesce(a.application_name, ''), a.state, a.backend_start
                FROM pg_locks l LEFT JOIN LATERAL pg_stat_get_activity(l.pid) a ON true
                WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
                  AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
                  AND (l.classid::bigint << 32 | l.objid::bigint) IN (?, ?)
                ORDER BY l.objid::bigint = ?, a.backend_start, l.pid
                """,
                row -> new Session(
                        row.getInt(1),
                        row.getString(2),
                        Optional.ofNullable(row.getString(3)),
                        Optional.ofNullable(row.getObject(4, OffsetDateTime.class))
                                .map(OffsetDateTime::toInstant)),
                LOCK_KEY,
                WORK_KEY,
                WORK_KEY & 0xffffffffL);
    }

    /** As the runner counts them: a partitioned index is invalid until each partition has its part. */
    private List<String> invalidIndexes() throws SQLException {
        return statements.rows("""
                SELECT n.nspname, c.relname
                FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE NOT i.indisvalid AND c.relkind = 'i'
                """, row -> row.getString(1) + "." + row.getString(2));
    }
}
