package dev.dbmigrations.reconcile;

import static dev.dbmigrations.reconcile.SimulatedDatabase.AUTOCOMMIT;
import static dev.dbmigrations.reconcile.SimulatedDatabase.place;
import static dev.dbmigrations.reconcile.SimulatedDatabase.rows;

import dev.dbmigrations.api.AlembicSettings;
import dev.dbmigrations.api.DatabaseMigrationStatus.VersionTable;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.job.RunDocument.Downgrade;
import dev.dbmigrations.job.RunResult;
import dev.dbmigrations.job.RunResult.Outcome;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Asked;
import dev.dbmigrations.job.SeenAttempt.Died;
import dev.dbmigrations.job.SeenAttempt.Ended;
import dev.dbmigrations.job.SeenAttempt.NoPod;
import dev.dbmigrations.job.SeenAttempt.Running;
import dev.dbmigrations.job.SeenAttempt.State;
import dev.dbmigrations.job.SeenAttempt.Waiting;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** A Job, its pod and the runner in it, which moves one step at a time and keeps the runner's part of the rules. */
@NullMarked
final class SimulatedAttempt {

    final String job;
    final int number;
    private final long generation;
    private final Instant createdAt;
    private final String target;
    private final List<String> expected;
    private final Downgrade downgrade;
    private final boolean afterInterruption;
    private final boolean imageFails;
    private final SimulatedDatabase database;
    private final int from;

    State state = new NoPod();
    /** The pod may outlive a Job that somebody deleted. */
    boolean jobExists = true;

    private boolean begun;
    private int executed;

    SimulatedAttempt(
            Decision.Start start,
            long generation,
            String target,
            boolean imageFails,
            SimulatedDatabase database,
            Instant now) {
        this.job = "job-" + generation + "-" + start.number();
        this.number = start.number();
        this.generation = generation;
        this.createdAt = now;
        this.target = target;
        this.expected = start.reading().revisions();
        this.downgrade = start.downgrade();
        this.afterInterruption = start.afterInterruption();
        this.imageFails = imageFails;
        this.database = database;
        this.from = expected.isEmpty() ? 0 : place(expected.getFirst());
    }

    SeenAttempt seen() {
        return new SeenAttempt(
                job,
                number,
                generation,
                new Asked(target, "image", AlembicSettings.DEFAULT, expected, downgrade == Downgrade.Allowed),
                createdAt,
                null,
                state);
    }

    boolean over() {
        return state instanceof Ended || state instanceof Died;
    }

    /** One step of whatever comes next; {@code chance} decides what could go either way. */
    void advance(int chance) {
        switch (state) {
            case NoPod none -> state = new Waiting(chance % 5 == 0 ? "ImagePullBackOff" : null);
            case Waiting waiting -> state = new Running();
            case Running running -> run(chance);
            default -> {}
        }
    }

    private void run(int chance) {
        if (!database.reachable) {
            end(Outcome.Failed, Reason.DatabaseUnreachable, null);
        } else if (database.lock == null) {
            prepare();
        } else if (database.lock != this) {
            if (chance % 3 == 0) {
                end(Outcome.Failed, Reason.LockTimeout, rows(database.at));
            }
        } else if (database.at == place(target)) {
            end(Outcome.Succeeded, null, rows(database.at));
        } else {
            step(chance);
        }
    }

    /** Under the lock, and before anything runs. */
    private void prepare() {
        database.lock = this;
        boolean down = place(target) < database.at;
        if (!rows(database.at).equals(expected)) {
            end(Outcome.Superseded, null, rows(database.at));
            return;
        }
        begun = true;
        if (down && downgrade != Downgrade.Allowed) {
            Reason refused = downgrade == Downgrade.Forbidden ? Reason.DowngradeForbidden : Reason.DatabaseAhead;
            end(Outcome.Failed, refused, rows(database.at));
        } else if (afterInterruption && !down && from < AUTOCOMMIT && place(target) >= AUTOCOMMIT) {
            end(Outcome.Failed, Reason.PartiallyApplied, rows(database.at));
        }
    }

    private void step(int chance) {
        boolean up = database.at < place(target);
        if (imageFails || chance % 7 == 0) {
            boolean autocommit = up && database.at + 1 == AUTOCOMMIT;
            database.halfDone |= autocommit;
            Reason reason =
                    autocommit ? Reason.PartiallyApplied : imageFails ? Reason.MigrationFailed : Reason.LockTimeout;
            executed++;
            end(Outcome.Failed, reason, rows(database.at));
            return;
        }
        if (up && database.at + 1 == AUTOCOMMIT && database.halfDone) {
            throw new Violation(
                    "revision r" + AUTOCOMMIT + " was run a second time, and no person had looked (rule 10)");
        }
        executed++;
        database.moveTo(database.at + (up ? 1 : -1));
    }

    /** Killed, evicted, or lost with its node. */
    void die(int chance) {
        boolean started = state instanceof Running;
        if (database.lock == this) {
            database.halfDone |= chance % 2 == 0 && database.at + 1 == AUTOCOMMIT && place(target) >= AUTOCOMMIT;
            database.lock = null;
        }
        state = new Died(Reason.Interrupted, "the pod was lost", started);
    }

    private void end(Outcome outcome, @Nullable Reason reason, @Nullable List<String> current) {
        if (database.lock == this) {
            database.lock = null;
        }
        state = new Ended(new RunResult(
                outcome,
                true,
                reason,
                "as the runner says",
                from < place(target) ? "Upgrade" : "Downgrade",
                begun ? expected : null,
                current,
                outcome == Outcome.Succeeded ? current : null,
                List.of("r" + SimulatedDatabase.HEAD),
                null,
                0,
                new VersionTable("public", "alembic_version"),
                new RunResult.Steps(executed, executed),
                null,
                null,
                1.0));
    }
}
