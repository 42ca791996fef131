package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigrationStatus.LastFailure;
import dev.dbmigrations.api.PlanStatus;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.job.RunDocument.Downgrade;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Kind;
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
     * @param kind what it does; to plan a rollback is to plan
     * @param go the plan that it runs; empty where none is needed, and to plan
     */
    record Start(
            AtRevisions reading,
            int number,
            Downgrade downgrade,
            boolean afterInterruption,
            boolean retry,
            Optional<Rollback.Way> rollback,
            Kind kind,
            Optional<Go> go)
            implements Decision {

        /** One that needs no plan. */
        Start(
                AtRevisions reading,
                int number,
                Downgrade downgrade,
                boolean afterInterruption,
                boolean retry,
                Optional<Rollback.Way> rollback) {
            this(
                    reading,
                    number,
                    downgrade,
                    afterInterruption,
                    retry,
                    rollback,
                    rollback.isPresent() ? Kind.Rollback : Kind.Apply,
                    Optional.empty());
        }

        /** {@return the same attempt, to render what it would run} */
        Start toPlan() {
            return new Start(
                    reading, number, downgrade, afterInterruption, retry, rollback, Kind.Plan, Optional.empty());
        }

        /** {@return the same attempt, to run what was planned} */
        Start toRun(Go planned) {
            return new Start(
                    reading, number, downgrade, afterInterruption, retry, rollback, kind, Optional.of(planned));
        }
    }

    /**
     * A plan that may be run.
     *
     * @param approval whose word it needed; empty where it needed none
     */
    record Go(PlanStatus plan, Optional<Approval> approval) {}

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

    /** A plan was rendered: read it, and keep it. */
    record ReadPlan(SeenAttempt ended, AtRevisions reading) implements Decision {}

    /** That was done: it is kept. */
    record KeepPlan(SeenAttempt ended, AtRevisions reading, PlanStatus plan) implements Decision {}

    /** Nothing: the plan is there, and {@code mode: Plan} wants no more. */
    record ShowPlan(PlanStatus plan) implements Decision {}

    /** Nothing, until a person approves this plan. */
    record AwaitApproval(PlanStatus plan) implements Decision {}

    /** Give up a Job that waits for the very image of its plan, which is gone: another plan is due. */
    record PlanAnew(SeenAttempt attempt, LastFailure failure) implements Decision {}

    /** Nothing but a look at whether the tables are as the models say. */
    record StartCheck(AtRevisions reading, int number) implements Decision {}

    /** Nothing but to take in what that look has found. */
    record EndCheck(AtRevisions reading, SeenAttempt check) implements Decision {}

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
