package dev.dbmigrations.reconcile;

import static dev.dbmigrations.reconcile.SimulatedDatabase.AUTOCOMMIT;
import static dev.dbmigrations.reconcile.SimulatedDatabase.known;
import static dev.dbmigrations.reconcile.SimulatedDatabase.place;
import static dev.dbmigrations.reconcile.SimulatedDatabase.rows;

import dev.dbmigrations.api.AlembicSettings;
import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.api.DowngradePolicy;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.job.AttemptName;
import dev.dbmigrations.job.Leave;
import dev.dbmigrations.job.RunDocument.Downgrade;
import dev.dbmigrations.job.RunResult;
import dev.dbmigrations.job.RunResult.Outcome;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Asked;
import dev.dbmigrations.job.SeenAttempt.Died;
import dev.dbmigrations.job.SeenAttempt.Ended;
import dev.dbmigrations.job.SeenAttempt.Kind;
import dev.dbmigrations.job.SeenAttempt.NoPod;
import dev.dbmigrations.job.SeenAttempt.Running;
import dev.dbmigrations.job.SeenAttempt.State;
import dev.dbmigrations.job.SeenAttempt.Waiting;
import dev.dbmigrations.job.Told;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** A Job, its pod and the runner in it, which moves one step at a time and keeps the runner's part of the rules. */
@NullMarked
final class SimulatedAttempt {

    /** What the runner keeps of the rules, or a runner without one of them. */
    enum Runner {
        AS_IT_IS,
        /** It goes from wherever the database is, rather than from what was decided on (rule 1). */
        LOOKS_AT_NO_ROWS,
        /** It waits for nobody (rule 2). */
        TAKES_NO_LOCK
    }

    final String job;
    final int number;
    private final long generation;
    private final Instant createdAt;
    private final Asked asked;
    private final boolean rollback;
    private final int to;
    private final boolean mayLeaveForHead;
    private final List<String> expected;
    private final Downgrade downgrade;
    private final boolean afterInterruption;
    private final boolean imageFails;
    private final SimulatedDatabase database;
    private final Runner runner;
    private final int from;

    State state = new NoPod();
    /** The pod may outlive a Job that somebody deleted. */
    boolean jobExists = true;

    /** Whether it may go down, by what was true when it was started (rule 5). */
    boolean leave;

    private boolean begun;
    private boolean resolved;
    private @Nullable List<String> unknown;
    private int executed;

    SimulatedAttempt(
            Decision.Start start,
            long generation,
            DatabaseMigrationSpec spec,
            boolean imageFails,
            SimulatedDatabase database,
            Runner runner,
            Instant now) {
        this.job = AttemptName.of("shop", "uid", generation, start.number());
        this.number = start.number();
        this.generation = generation;
        this.createdAt = now;
        this.rollback = start.rollback().isPresent();
        this.asked = start.rollback()
                .map(way -> asked(SimulatedDatabase.target(way.to()), way.image(), start))
                .orElseGet(() -> asked(spec.targetRevision(), spec.image(), start));
        this.mayLeaveForHead = !spec.targetRevision().equals("head") || spec.downgrade() == DowngradePolicy.Always;
        this.to = place(asked.target(), asked.image());
        this.expected = start.reading().revisions();
        this.downgrade = start.downgrade();
        this.afterInterruption = start.afterInterruption();
        this.imageFails = imageFails;
        this.database = database;
        this.runner = runner;
        this.from = SimulatedDatabase.at(expected);
    }

    private static Asked asked(String target, String image, Decision.Start start) {
        return new Asked(
                start.kind(),
                target,
                image,
                AlembicSettings.DEFAULT,
                start.reading().revisions(),
                start.downgrade() == Downgrade.Allowed,
                start.rollback().isPresent(),
                start.go()
                        .map(go -> new Leave(
                                go.plan().hash(),
                                go.approval().map(Approval::by).orElse(null)))
                        .orElse(null));
    }

    String image() {
        return asked.image();
    }

    SeenAttempt seen() {
        return new SeenAttempt(job, number, generation, asked, createdAt, null, state);
    }

    boolean over() {
        return state instanceof Ended || state instanceof Died;
    }

    /** One step of whatever comes next; {@code chance} decides what could go either way. */
    void advance(int chance, boolean imageIsThere) {
        if (!imageIsThere && !(state instanceof Running)) {
            state = over() ? state : new Waiting("ImagePullBackOff: there is no such image");
            return;
        }
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
        } else if (isPlan()) {
            plan();
        } else if (database.lock == null && (!database.lockedBySomebody || runner == Runner.TAKES_NO_LOCK)) {
            prepare();
        } else if (database.lock != this) {
            if (chance % 3 == 0) {
                end(Outcome.Failed, Reason.LockTimeout, rows(database.at));
            }
        } else if (database.at == to) {
            end(Outcome.Succeeded, null, rows(database.at));
        } else {
            step(chance);
        }
    }

    boolean isPlan() {
        return asked.kind() == Kind.Plan;
    }

    /** Without the lock, and nothing runs afterwards. */
    private void plan() {
        check();
        if (!over()) {
            end(Outcome.Succeeded, null, rows(database.at));
        }
    }

    /** Under the lock, and before anything runs. */
    private void prepare() {
        database.lock = this;
        check();
    }

    private void check() {
        boolean down = to < database.at;
        if (!rows(database.at).equals(expected) && runner != Runner.LOOKS_AT_NO_ROWS) {
            end(Outcome.Superseded, null, rows(database.at));
            return;
        }
        begun = true;
        boolean rowsKnown = database.at <= known(image());
        boolean targetKnown = to <= known(image());
        if (!rowsKnown || !targetKnown) {
            lacks(targetKnown);
            return;
        }
        resolved = true;
        if (rollback && to > database.at) {
            end(Outcome.Failed, Reason.DatabaseAhead, rows(database.at));
        } else if (down && downgrade != Downgrade.Allowed) {
            Reason refused = downgrade == Downgrade.Forbidden ? Reason.DowngradeForbidden : Reason.DatabaseAhead;
            end(Outcome.Failed, refused, rows(database.at));
        } else if (afterInterruption && !down && from < AUTOCOMMIT && to >= AUTOCOMMIT) {
            end(Outcome.Failed, Reason.PartiallyApplied, rows(database.at));
        }
    }

    /** The target comes first: what it means is told even where the rows are unknown. */
    private void lacks(boolean targetKnown) {
        resolved = targetKnown;
        unknown = targetKnown ? rows(database.at) : null;
        end(Outcome.Failed, Reason.RevisionNotFound, rows(database.at));
    }

    private void step(int chance) {
        boolean up = database.at < to;
        if (executed == 0 && !rows(database.at).equals(expected)) {
            throw new Violation("began from other rows than it was decided on (rule 1)");
        }
        if (database.lockedBySomebody) {
            throw new Violation("worked in a database beside another run (rule 2)");
        }
        if (rollback && up) {
            throw new Violation("went up with the image of a rollback (rule 6)");
        }
        if (!up && !mayLeaveForHead) {
            throw new Violation("went down to head without leave (rule 5)");
        }
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
            database.halfDone |= chance % 2 == 0 && database.at + 1 == AUTOCOMMIT && to >= AUTOCOMMIT;
            database.lock = null;
        }
        state = new Died(Reason.Interrupted, "the pod was lost", started);
    }

    private void end(Outcome outcome, @Nullable Reason reason, @Nullable List<String> current) {
        if (database.lock == this) {
            database.lock = null;
        }
        state = new Ended(Told.ended(outcome)
                .because(reason, "as the runner says")
                .between(begun ? expected : null, current)
                .towards(isPlan() && from == to ? "None" : from < to ? "Upgrade" : "Downgrade")
                .resolved(resolved ? rows(to) : null, rows(known(image())))
                .without(unknown)
                .executed(executed, executed)
                .plan(isPlan() && outcome == Outcome.Succeeded ? new RunResult.Plan("5d0b", 1000, null) : null)
                .result());
    }
}
