package dev.dbmigrations.database;

import dev.dbmigrations.database.Progress.Blocker;
import dev.dbmigrations.database.Progress.Executed;
import dev.dbmigrations.database.Progress.IndexBuild;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;

/** What the server shows of one run's sessions: how far it is, and what it does or waits for at the moment. */
final class RunLook {

    private final Statements statements;
    private final String run;

    /** @param attempt {@code <uid>/<number>} */
    RunLook(Statements statements, String attempt) {
        this.statements = statements;
        this.run = "dbmigrations/" + attempt;
    }

    Optional<Progress> progress() throws SQLException {
        Optional<Progress> progress = statements.ifAllowed(this::said).stream()
                .flatMap(Optional::stream)
                .findFirst();
        if (progress.orElse(null) instanceof Executed executed) {
            return Optional.of(executed.with(
                    statements.ifAllowed(this::blockers).stream().findFirst(),
                    statements.ifAllowed(this::builds).stream().findFirst()));
        }
        return progress;
    }

    private List<Optional<Progress>> said() throws SQLException {
        String prefix = run + "/";
        return statements.rows(
                """
                SELECT application_name, coalesce(query, '') FROM pg_stat_activity
                WHERE strpos(application_name, ?) = 1 ORDER BY pid
                """, row -> Progress.of(row.getString(1).substring(prefix.length()), row.getString(2)), prefix);
    }

    /** Of several, the one that is at it for longest. */
    private List<Blocker> blockers() throws SQLException {
        return statements.rows(
                """
                SELECT blocker.pid, coalesce(b.application_name, ''), b.query_start,
                       (SELECT n.nspname || '.' || c.relname
                        FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
                        WHERE l.pid = w.pid AND NOT l.granted LIMIT 1)
                FROM pg_stat_activity w
                CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) AS blocker(pid)
                LEFT JOIN pg_stat_activity b ON b.pid = blocker.pid
                WHERE w.application_name = ? AND w.datname = current_database()
                ORDER BY b.query_start NULLS LAST, blocker.pid
                """,
                row -> new Blocker(
                        row.getInt(1),
                        row.getString(2),
                        Optional.ofNullable(row.getObject(3, OffsetDateTime.class))
                                .map(OffsetDateTime::toInstant),
                        Optional.ofNullable(row.getString(4))),
                run);
    }

    private List<IndexBuild> builds() throws SQLException {
        return statements.rows(
                """
                SELECT n.nspname || '.' || c.relname, p.phase,
                       CASE WHEN p.blocks_total > 0 THEN 100 * p.blocks_done / p.blocks_total
                            WHEN p.tuples_total > 0 THEN 100 * p.tuples_done / p.tuples_total END
                FROM pg_stat_progress_create_index p
                JOIN pg_stat_activity w ON w.pid = p.pid
                JOIN pg_class c ON c.oid = p.relid JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE w.application_name = ? AND p.datname = current_database()
                """,
                row -> new IndexBuild(
                        row.getString(1),
                        row.getString(2),
                        Optional.ofNullable(row.getObject(3, Long.class)).map(Long::intValue)),
                run);
    }
}
