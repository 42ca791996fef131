package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigrationStatus.LastFailure;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.job.RunDocument.Downgrade;
import dev.dbmigrations.job.SeenAttempt;
import java.util.Optional;

/** The next thing to do about one resource. */
public sealed interface Decision {

    /** Read the database, and decide then. */
    record Look() implements Decision {}

    /**
     * Nothing: the database is where the spec wants it.
     *
     * @param ended an attempt whose end is taken in with this
     */
    record Settle(AtRevisions reading, Optional<SeenAttempt> ended) implements Decision {}

    /**
     * Start an attempt from this reading.
     *
     * @param retry whether a person's word (the retry annotation, a new spec) let go of a failure
     * @param rollback the way down, where it is another image that goes it (rule 6)
     */
    record Start(
            AtRevisions reading,
            int number,
            Downgrade downgrade,
            boolean afterInterruption,
            boolean retry,
            Optional<Rollback.Way> rollback)
            implements Decision {}

    /** An attempt is under way: wait for it. */
    record Await(SeenAttempt attempt, Reason reason, String message) implements Decision {}

    /** Delete a Job whose container never started: it is for an older spec, and might wait for ever. */
    record Discard(SeenAttempt attempt) implements Decision {}

    /**
     * An attempt ended without reaching the target, and not by a failure: take that in, and decide anew.
     *
     * @param reading what the database says now
     */
    record TakeIn(SeenAttempt ended, AtRevisions reading) implements Decision {}

    /** Start nothing, because the spec says so. */
    record Suspend(AtRevisions reading) implements Decision {}

    /**
     * It failed. Tried again at {@code failure.retryAt()} where that is set, else when one of the things changes that
     * the failure was decided on.
     *
     * @param ended an attempt whose end is taken in with this; empty for a failure that stands, or one without an
     *     attempt
     */
    record Fail(LastFailure failure, Optional<SeenAttempt> ended) implements Decision {}
}
