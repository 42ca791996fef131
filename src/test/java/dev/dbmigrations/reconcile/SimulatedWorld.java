package dev.dbmigrations.reconcile;

import static dev.dbmigrations.reconcile.SimulatedDatabase.place;
import static dev.dbmigrations.reconcile.SimulatedDatabase.rows;
import static dev.dbmigrations.reconcile.SimulatedDatabase.target;
import static dev.dbmigrations.reconcile.Violation.unless;

import dev.dbmigrations.api.ApprovalPolicy;
import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DowngradePolicy;
import dev.dbmigrations.api.Mode;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.job.RunDocument.Downgrade;
import dev.dbmigrations.job.RunResult;
import dev.dbmigrations.job.SeenAttempt.Ended;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** The cluster, the database and the people, as they really are; and an oracle that watches what is promised. */
@NullMarked
final class SimulatedWorld {

    private static final List<DowngradePolicy> POLICIES = List.of(DowngradePolicy.values());

    static final Instant START = Instant.parse("2026-11-01T12:00:00Z");

    /** What the API server stores of the resource, beside its status. */
    record Resource(long generation, Optional<String> retry, DatabaseMigrationSpec spec) {}

    /** By the API server's clock. */
    Instant now = START;

    private final SimulatedAttempt.Runner runner;
    Mode mode = Mode.Apply;
    ApprovalPolicy approval = ApprovalPolicy.Never;
    final SimulatedPlans plans = new SimulatedPlans();
    final SimulatedDatabase database = new SimulatedDatabase();
    final SimulatedChecks checks = new SimulatedChecks(database);
    final List<SimulatedAttempt> attempts = new ArrayList<>();
    Resource resource = new Resource(1, Optional.empty(), spec("r2", "v5", null, DowngradePolicy.Requested, false));
    DatabaseMigrationStatus status = DatabaseMigrationStatus.EMPTY;
    boolean secretExists = true;
    int secretVersion = 1;
    boolean imageFails;
    /** By a quota or a policy. */
    boolean jobsAreRefused;
    /** An older resource for the same database. */
    Optional<Owner> owner = Optional.empty();
    /** One that its registry has no more. */
    @Nullable
    String missingImage;

    /** For each generation, whether the rows were at its target at any time since it was wanted. */
    private final Set<Long> wasAtTarget = new HashSet<>();

    private final List<Resource> wanted = new ArrayList<>(List.of(resource));
    private final Set<List<String>> everRead = new HashSet<>();
    private @Nullable List<String> ours;
    /** What Ready was last said of: a database that somebody moved back there is where this resource had left it. */
    private @Nullable List<String> lastReached;
    /** A run said that it left something behind, and no person has done anything about it. */
    private boolean personIsDue;

    SimulatedWorld(SimulatedAttempt.Runner runner) {
        this.runner = runner;
        database.onMove(this::noteTargets);
        noteTargets();
    }

    private DatabaseMigrationSpec spec(
            String target, String image, @Nullable String downgradeImage, DowngradePolicy downgrade, boolean suspend) {
        DatabaseMigrationSpec plain = DatabaseMigrationSpec.of(target, image, "secret");
        return new DatabaseMigrationSpec(
                target,
                image,
                plain.credentialsSecretRef(),
                plain.alembic(),
                downgrade,
                downgradeImage,
                mode,
                approval,
                checks.policy,
                null,
                null,
                null,
                plain.lockTimeout(),
                null,
                null,
                plain.checkInterval(),
                suspend,
                plain.job());
    }

    // What happens.

    void attemptMoves(int chance) {
        List<SimulatedAttempt> alive =
                attempts.stream().filter(attempt -> !attempt.over()).toList();
        if (!alive.isEmpty()) {
            SimulatedAttempt attempt = alive.get(chance % alive.size());
            int before = database.at;
            boolean held = database.lock == attempt;
            attempt.advance(chance / alive.size(), !attempt.image().equals(missingImage));
            if (database.at < before) {
                unless(attempt.leave, "went down from " + rows(before) + " without leave (rule 5)");
            }
            if (held && database.at != before && attempt.leave) {
                ours = rows(database.at);
            }
            if (attempt.state instanceof Ended(RunResult result)) {
                personIsDue |= result.reason() == Reason.PartiallyApplied;
                if (result.outcome() == RunResult.Outcome.Succeeded && !attempt.isPlan()) {
                    ours = rows(database.at);
                }
            }
        }
    }

    void attemptDies(int chance) {
        attempts.stream().filter(attempt -> !attempt.over()).findFirst().ifPresent(attempt -> attempt.die(chance));
    }

    void somebodyDeletesAJob() {
        attempts.stream()
                .filter(attempt -> attempt.jobExists)
                .findFirst()
                .ifPresent(attempt -> attempt.jobExists = false);
    }

    void somebodyMovesTheDatabase(int chance) {
        if (database.lock == null && !database.lockedBySomebody) {
            aPersonLooks();
            database.moveTo(chance % (SimulatedDatabase.HEAD + 1));
        }
    }

    void wants(
            String target, String image, @Nullable String downgradeImage, DowngradePolicy downgrade, boolean suspend) {
        // Who changes the spec after a run has said what it left behind has decided about that, too.
        database.halfDone &= !personIsDue;
        personIsDue = false;
        resource = new Resource(
                resource.generation() + 1, resource.retry(), spec(target, image, downgradeImage, downgrade, suspend));
        wanted.add(resource);
        noteTargets();
    }

    void wantsOther(int chance) {
        DatabaseMigrationSpec spec = resource.spec();
        int choice = chance / 5;
        String target = spec.targetRevision();
        String image = spec.image();
        String downgradeImage = spec.downgradeImage();
        DowngradePolicy downgrade = spec.downgrade();
        switch (chance % 5) {
            case 0 -> {
                wants(target, image, downgradeImage, downgrade, !spec.suspend());
                return;
            }
            case 1 -> downgrade = POLICIES.get(choice % POLICIES.size());
            case 2 -> downgradeImage = downgradeImage == null ? "v" + SimulatedDatabase.HEAD : null;
            case 3 -> image = "v" + (1 + choice % SimulatedDatabase.HEAD);
            default -> {
                int place = choice % (SimulatedDatabase.HEAD + 2);
                target = place > SimulatedDatabase.HEAD ? "head" : target(place);
            }
        }
        wants(target, image, downgradeImage, downgrade, spec.suspend());
    }

    /** As people do it: to an older image, and in the same commit to its target. */
    void rollsBack(int chance) {
        DatabaseMigrationSpec spec = resource.spec();
        int revisions = 1 + chance % Math.max(1, database.at);
        String target = chance / 5 % 3 == 0 ? "head" : target(revisions);
        wants(target, "v" + revisions, spec.downgradeImage(), spec.downgrade(), spec.suspend());
    }

    void wantsOtherComparisons(int chance) {
        DatabaseMigrationSpec spec = resource.spec();
        checks.otherAreWanted(chance);
        wants(spec.targetRevision(), spec.image(), spec.downgradeImage(), spec.downgrade(), spec.suspend());
    }

    /** Whether plans wait for people, and whether they are run at all. */
    void wantsOtherCare(int chance) {
        DatabaseMigrationSpec spec = resource.spec();
        mode = chance % 5 == 0 ? Mode.Plan : Mode.Apply;
        approval = List.of(ApprovalPolicy.values()).get(chance / 5 % 3);
        wants(spec.targetRevision(), spec.image(), spec.downgradeImage(), spec.downgrade(), spec.suspend());
    }

    void asksForARetry() {
        aPersonLooks();
        resource = new Resource(resource.generation(), Optional.of("retry at " + now), resource.spec());
    }

    private void aPersonLooks() {
        personIsDue = false;
        database.halfDone = false;
    }

    void anImageGoesOrComes(int chance) {
        missingImage = missingImage == null ? "v" + (1 + chance % SimulatedDatabase.HEAD) : null;
    }

    /** Whether it is known to be for the same version table depends on how far this resource has come. */
    void anOwnerComesOrGoes(int chance) {
        owner = owner.isPresent() ? Optional.empty() : Optional.of(new Owner(Optional.of("older"), chance % 2 == 0));
    }

    void secretChanges(int chance) {
        secretExists = chance % 3 != 0;
        secretVersion++;
    }

    void timePasses(int chance) {
        now = now.plus(Duration.ofMillis(chance % 4 == 0 ? chance % 30_000 : chance % 700));
    }

    // What the operator does.

    /** {@return the rows, as a look at the database gives them} */
    List<String> read() {
        everRead.add(rows(database.at));
        return rows(database.at);
    }

    /** {@return whether no container of the Job had started; otherwise it is left alone} */
    boolean discard(String job) {
        List<SimulatedAttempt> all =
                attempts.stream().filter(attempt -> attempt.job.equals(job)).toList();
        if (all.stream().anyMatch(attempt -> !attempt.seen().neverStarted())) {
            return false;
        }
        all.forEach(attempt -> {
            attempt.jobExists = false;
            attempt.die(1);
        });
        return true;
    }

    boolean hasJobBeside(List<String> known) {
        return attempts.stream().anyMatch(attempt -> attempt.jobExists && !known.contains(attempt.job))
                || checks.shown().stream().anyMatch(check -> !known.contains(check.job()));
    }

    /** {@return whether the cluster has let the Job be} */
    boolean create(Decision.Start start, Resource of) {
        if (jobsAreRefused) {
            return false;
        }
        SimulatedAttempt attempt =
                new SimulatedAttempt(start, of.generation(), of.spec(), imageFails, database, runner, now);
        unless(
                attempts.stream().noneMatch(other -> other.jobExists && !other.over()),
                "a second attempt was started while one was under way (rule 2)");
        unless(!checks.areUnderWay(), "an attempt was started while tables were compared");
        unless(
                attempts.stream().noneMatch(other -> other.jobExists && other.number == attempt.number)
                        && checks.shown().stream().noneMatch(check -> check.number() == attempt.number)
                        && status.attempt() != null
                        && status.attempt().number() == attempt.number
                        && status.attempt().job().equals(attempt.job),
                "the number of an attempt was used a second time, or is not in the status");
        unless(
                !personIsDue || start.afterInterruption(),
                "tried again by itself what a person has to look at first (rule 10)");
        unless(
                start.downgrade() != Downgrade.Allowed || of.spec().downgrade() != DowngradePolicy.Never,
                "gave leave to go down against downgrade: Never (rule 5)");
        List<String> from = start.reading().revisions();
        attempt.leave =
                of.spec().downgrade() == DowngradePolicy.Always || from.equals(ours) || from.equals(lastReached);
        plans.check(start, of.spec());
        attempts.add(attempt);
        return true;
    }

    void write(DatabaseMigrationStatus written) {
        List<String> current = written.currentRevisions();
        unless(current == null || everRead.contains(current), "reported rows that were never read (rule 3)");
        boolean ready = has(written, "Ready", "True");
        boolean reconciling = has(written, "Reconciling", "True");
        boolean stalled = has(written, "Stalled", "True");
        unless(!(reconciling && stalled), "Reconciling and Stalled at once");
        unless(ready != (reconciling || stalled), "neither ready nor on the way nor stalled");
        checks.check(
                written, resource.spec(), Long.valueOf(resource.generation()).equals(written.observedGeneration()));
        if (ready && resource.spec().mode() == Mode.Plan && plans.isShown(written)) {
            status = written;
            return;
        }
        if (ready) {
            long generation = written.observedGeneration() == null ? -1 : written.observedGeneration();
            unless(
                    wasAtTarget.contains(generation),
                    "Ready for generation " + generation + ", at whose target the rows never were since (rule 8)");
            ours = current;
            lastReached = current;
        }
        status = written;
    }

    private static boolean has(DatabaseMigrationStatus status, String type, String value) {
        return status.condition(type)
                .filter(condition -> value.equals(condition.getStatus()))
                .isPresent();
    }

    /** {@return whether the status says of the spec as it is that this is so} */
    boolean says(String condition) {
        return Long.valueOf(resource.generation()).equals(status.observedGeneration())
                && has(status, condition, "True");
    }

    boolean isAtTarget() {
        return database.at
                == place(resource.spec().targetRevision(), resource.spec().image());
    }

    private void noteTargets() {
        for (Resource spec : wanted) {
            if (place(spec.spec().targetRevision(), spec.spec().image()) == database.at) {
                wasAtTarget.add(spec.generation());
            }
        }
    }

    /** A pod whose Job is gone is killed some day. */
    void killOrphans() {
        attempts.stream()
                .filter(attempt -> !attempt.jobExists && !attempt.over())
                .forEach(attempt -> attempt.die(1));
    }
}
