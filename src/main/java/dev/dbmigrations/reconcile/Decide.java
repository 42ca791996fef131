package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DatabaseMigrationStatus.LastFailure;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.database.Reading.Refused;
import dev.dbmigrations.database.Reading.Unreachable;
import dev.dbmigrations.job.RunDocument.Downgrade;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.reconcile.Decision.Fail;
import dev.dbmigrations.reconcile.Decision.Look;
import dev.dbmigrations.reconcile.Decision.Start;
import dev.dbmigrations.reconcile.Decision.Suspend;
import dev.dbmigrations.reconcile.SecretState.Invalid;
import dev.dbmigrations.reconcile.SecretState.Missing;
import dev.dbmigrations.reconcile.SecretState.Present;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** The rules, from top to bottom. Pure: the same observation and clock give the same decision. */
final class Decide {

    /** A reading older than this is no ground to start from. */
    private static final Duration FRESH = Duration.ofSeconds(20);

    private Decide() {}

    /** The next thing to do about one resource. */
    static Decision decide(Observation seen, Instant now) {
        Optional<SeenAttempt> underWay = seen.underWay();
        if (underWay.isPresent()) {
            return UnderWay.decide(seen, underWay.get(), now);
        }
        Optional<SeenAttempt> newest = seen.newest();
        if (newest.isPresent() && !seen.takenIn(newest.get())) {
            return Over.decide(seen, newest.get(), now);
        }
        return switch (seen.secret()) {
            case Missing missing -> unlessStanding(seen, now, Reason.CredentialsNotFound, missing.message());
            case Invalid invalid -> unlessStanding(seen, now, Reason.CredentialsInvalid, invalid.message());
            case Present present ->
                switch (seen.reading().orElse(null)) {
                    case null -> new Look();
                    case Unreachable why -> unlessStanding(seen, now, Reason.DatabaseUnreachable, why.message());
                    case Refused why -> unlessStanding(seen, now, Reason.CredentialsRefused, why.message());
                    case AtRevisions current -> towardsTarget(seen, current, now);
                };
        };
    }

    /** The database answered and nothing runs. */
    private static Decision towardsTarget(Observation seen, AtRevisions current, Instant now) {
        Optional<Owner> owner = seen.owner();
        if (owner.isPresent() && owner.get().sure()) {
            String why = owner.get().inWords(Owner.database(current.database()), Target.versionTable(current));
            return fail(seen, now, Reason.ConflictingResource, why);
        }
        Optional<LastFailure> standing = Standing.failure(seen, Optional.of(current.revisions()), now);
        if (standing.isPresent() && standing.get().reason() == Reason.PartiallyApplied) {
            // Even at the target (rule 10): what was left behind does not show in the version table.
            return new Fail(standing.get(), Optional.empty());
        }
        if (owner.isEmpty() && Target.reached(seen, current)) {
            return reached(seen, current) ? ModelCheck.atRest(seen, current, now) : new Look();
        }
        if (seen.spec().suspend()) {
            return new Suspend(current);
        }
        if (standing.isPresent()) {
            return new Fail(standing.get(), Optional.empty());
        }
        boolean retry = Standing.retryAsked(seen);
        DatabaseMigrationStatus.Attempt last = seen.status().attempt();
        boolean interrupted = last != null && last.interruptedFor() != null;
        Optional<Rollback.Way> rollback = Rollback.way(seen, current);
        Downgrade downgrade = rollback.isPresent() ? Downgrade.Allowed : Target.downgrade(seen, current);
        Start start = new Start(current, seen.nextAttempt(), downgrade, interrupted && !retry, retry, rollback);
        // A plan tells which version table env.py keeps, and runs nothing: it may be the older resource's, or another.
        Decision next = owner.isPresent() ? start.toPlan() : Planning.instead(seen, start);
        return next instanceof Start && !fresh(current, now) ? new Look() : next;
    }

    static boolean fresh(AtRevisions current, Instant now) {
        return current.at().plus(FRESH).isAfter(now);
    }

    /** Whether the database was seen at the target since the spec is what it is: before, it may have moved on. */
    static boolean reached(Observation seen, AtRevisions current) {
        return Target.reached(seen, current) && !current.at().isBefore(seen.specSeenAt());
    }

    /** A failure that waits for a person says more than that the database is away at the moment. */
    private static Decision unlessStanding(Observation seen, Instant now, Reason reason, String message) {
        return Standing.failure(seen, Optional.empty(), now)
                .map(failure -> (Decision) new Fail(failure, Optional.empty()))
                .orElseGet(() -> fail(seen, now, reason, message));
    }

    static Decision fail(Observation seen, Instant now, Reason reason, String message) {
        return new Fail(Failures.ofLooking(seen, reason, message, now), Optional.empty());
    }
}
