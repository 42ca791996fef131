package dev.dbmigrations.database;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** What one look at a database said. */
public sealed interface Reading {

    /** When the look began: what the database did later may not show in it. */
    Instant at();

    /**
     * The database answered.
     *
     * @param revisions the version table's rows, sorted; none where there is no table or no row
     * @param versionTable where they were read, always with its schema; empty where there is no such table
     * @param invalidIndexes {@code schema.index} of every invalid index of the database, sorted
     * @param busy whether anybody holds the lock of a migration, or works under one, in this database
     * @param lockHolder who that is; of several, the one that holds the lock itself
     * @param progress how far the attempt of the question is, if its session is there
     * @param readOnly whether nobody can write there who does not insist: a replica, or a setting of the database's or the
     *     user's
     */
    record AtRevisions(
            Instant at,
            List<String> revisions,
            Identity database,
            Optional<TableName> versionTable,
            List<String> invalidIndexes,
            boolean busy,
            Optional<Session> lockHolder,
            Optional<Progress> progress,
            boolean readOnly)
            implements Reading {

        public AtRevisions {
            revisions = revisions.stream().sorted().toList();
            invalidIndexes = invalidIndexes.stream().sorted().toList();
        }
    }

    /**
     * No answer, or none that could be used: it may well work later.
     *
     * @param message one sentence with host, port, database and the fact; no credential
     */
    record Unreachable(Instant at, String message) implements Reading {}

    /**
     * The database answered and does not let this user in, or does not let it read the version table.
     *
     * @param message one sentence with host, port, database, the fact and what helps; no credential
     */
    record Refused(Instant at, String message) implements Reading {}
}
