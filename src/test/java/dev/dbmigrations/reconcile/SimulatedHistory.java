package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.api.DowngradePolicy;
import dev.dbmigrations.api.Mode;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.reconcile.SimulatedOperator.Crash;
import dev.dbmigrations.reconcile.SimulatedOperator.Rules;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/**
 * One random history of faults, edits and time, and what comes after it: the faults cease, and the database comes to its
 * target.
 *
 * @param fromRest whether the resource has been at its target before
 * @param target the first one's place
 */
@NullMarked
record SimulatedHistory(boolean fromRest, int target, List<SimulatedHistory.Event> events) {

    private static final int LENGTH = 70;
    /** What weighs as much is quiet work. */
    private static final int QUIET = 10;

    private static final int NOW_AND_THEN = 4;
    private static final List<Crash> CRASHES =
            Stream.of(Crash.values()).filter(crash -> crash != Crash.NOT).toList();
    private static final Duration LONG_ENOUGH = Duration.ofMinutes(20);
    /** How long is looked at what rests; shorter than the interval between comparisons. */
    private static final Duration AT_REST = Duration.ofMinutes(3);

    /** What can happen; the weights make a history of mostly quiet work. */
    enum Kind {
        THE_LOOP_RUNS(24),
        A_LOOK_ENDS(18),
        AN_ATTEMPT_MOVES(24),
        THE_JOBS_ARE_SEEN(12),
        THE_RESOURCE_IS_SEEN(10),
        TIME_PASSES(12),
        THE_OPERATOR_CRASHES_IN_A_PASS(2),
        THE_OPERATOR_RESTARTS(1),
        AN_ATTEMPT_DIES(2),
        A_JOB_IS_DELETED(1),
        THE_DATABASE_GOES_OR_COMES(2),
        SOMEBODY_MOVES_THE_DATABASE(1),
        THE_SECRET_CHANGES(1),
        THE_SPEC_CHANGES(3),
        THE_TEAM_ROLLS_BACK(3),
        OTHER_CARE_IS_WANTED(3),
        A_PLAN_IS_APPROVED(5),
        PLANS_OR_APPROVALS_ARE_DELETED(1),
        OTHER_COMPARISONS_ARE_WANTED(2),
        A_CHECK_MOVES(10),
        A_CHECK_DIES_OR_IS_DELETED(1),
        A_RETRY_IS_ASKED_FOR(1),
        THE_IMAGE_BREAKS_OR_IS_MENDED(1),
        JOBS_ARE_REFUSED_OR_LET_BE(1),
        AN_IMAGE_GOES_OR_COMES(1),
        SOMEBODY_TAKES_OR_LEAVES_THE_LOCK(1),
        AN_OWNER_COMES_OR_GOES(1),
        ANOTHER_MACHINE_IS_NEXT(1);

        private final int weight;

        Kind(int weight) {
            this.weight = weight;
        }
    }

    record Event(Kind kind, int chance) {
        @Override
        public String toString() {
            return kind + "(" + chance + ")";
        }
    }

    /** {@return the history of this seed: the same each time} */
    static SimulatedHistory of(long seed) {
        return of(seed, Set.of());
    }

    /** @param only what happens beside quiet work; anything when empty */
    static SimulatedHistory of(long seed, Set<Kind> only) {
        Random random = new Random(seed);
        int sum = Stream.of(Kind.values()).mapToInt(kind -> weight(kind, only)).sum();
        boolean fromRest = random.nextInt(3) == 0;
        int target = 1 + random.nextInt(SimulatedDatabase.HEAD);
        List<Event> events = new ArrayList<>();
        while (events.size() < LENGTH) {
            int place = random.nextInt(sum);
            for (Kind kind : Kind.values()) {
                place -= weight(kind, only);
                if (place < 0) {
                    events.add(new Event(kind, random.nextInt(1_000_000)));
                    break;
                }
            }
        }
        return new SimulatedHistory(fromRest, target, events);
    }

    private static int weight(Kind kind, Set<Kind> only) {
        if (only.isEmpty() || kind.weight >= QUIET) {
            return kind.weight;
        }
        return only.contains(kind) ? Math.max(NOW_AND_THEN, kind.weight) : 0;
    }

    /** {@return what promise the history breaks, if it does} */
    Optional<String> brokenBy(Rules rules) {
        return Optional.ofNullable(broken(rules));
    }

    /** {@return a history that breaks something as well, and of which nothing can be left out} */
    SimulatedHistory shortened(Rules rules) {
        List<Event> shortest = new ArrayList<>(events);
        for (int size = shortest.size() / 2; size > 0; size /= 2) {
            for (int from = 0; from + size <= shortest.size(); ) {
                List<Event> shorter = new ArrayList<>(shortest);
                shorter.subList(from, from + size).clear();
                if (new SimulatedHistory(fromRest, target, shorter)
                        .brokenBy(rules)
                        .isPresent()) {
                    shortest = shorter;
                } else {
                    from += size;
                }
            }
        }
        return new SimulatedHistory(fromRest, target, shortest);
    }

    @Override
    public String toString() {
        return (fromRest ? "from rest at " : "from a new resource for ") + SimulatedDatabase.target(target) + ": "
                + events;
    }

    private @Nullable String broken(Rules rules) {
        try {
            SimulatedWorld world = new SimulatedWorld(rules.runner());
            SimulatedOperator operator = new SimulatedOperator(world, rules);
            world.wants(SimulatedDatabase.target(target), "v5", null, DowngradePolicy.Requested, false);
            operator.seesTheResource();
            if (fromRest) {
                run(world, operator, LONG_ENOUGH, () -> rests(world));
            }
            events.forEach(event -> happen(event, world, operator));
            faultsCease(world, operator);
            return null;
        } catch (Violation violation) {
            return violation.getMessage();
        }
    }

    private static void happen(Event event, SimulatedWorld world, SimulatedOperator operator) {
        world.now = world.now.plusMillis(1);
        switch (event.kind()) {
            case THE_LOOP_RUNS -> operator.pass(Crash.NOT);
            case A_LOOK_ENDS -> operator.looksEnds();
            case AN_ATTEMPT_MOVES -> world.attemptMoves(event.chance());
            case THE_JOBS_ARE_SEEN -> operator.seesTheJobs();
            case THE_RESOURCE_IS_SEEN -> operator.seesTheResource();
            case TIME_PASSES -> world.timePasses(event.chance());
            case THE_OPERATOR_CRASHES_IN_A_PASS -> operator.pass(CRASHES.get(event.chance() % CRASHES.size()));
            case THE_OPERATOR_RESTARTS -> operator.restarts();
            case AN_ATTEMPT_DIES -> world.attemptDies(event.chance());
            case A_JOB_IS_DELETED -> world.somebodyDeletesAJob();
            case THE_DATABASE_GOES_OR_COMES -> world.database.reachable = !world.database.reachable;
            case SOMEBODY_MOVES_THE_DATABASE -> world.somebodyMovesTheDatabase(event.chance());
            case THE_SECRET_CHANGES -> world.secretChanges(event.chance());
            case THE_SPEC_CHANGES -> world.wantsOther(event.chance());
            case THE_TEAM_ROLLS_BACK -> world.rollsBack(event.chance());
            case OTHER_CARE_IS_WANTED -> world.wantsOtherCare(event.chance());
            case A_PLAN_IS_APPROVED -> world.plans.somebodyApproves(world.status);
            case PLANS_OR_APPROVALS_ARE_DELETED -> world.plans.somebodyDeletes(event.chance());
            case OTHER_COMPARISONS_ARE_WANTED -> world.wantsOtherComparisons(event.chance());
            case A_CHECK_MOVES -> world.checks.move(event.chance(), world.missingImage);
            case A_CHECK_DIES_OR_IS_DELETED -> world.checks.dieOrAreDeleted(event.chance());
            case A_RETRY_IS_ASKED_FOR -> world.asksForARetry();
            case THE_IMAGE_BREAKS_OR_IS_MENDED -> world.imageFails = !world.imageFails;
            case JOBS_ARE_REFUSED_OR_LET_BE -> world.jobsAreRefused = !world.jobsAreRefused;
            case AN_IMAGE_GOES_OR_COMES -> world.anImageGoesOrComes(event.chance());
            case SOMEBODY_TAKES_OR_LEAVES_THE_LOCK -> world.database.somebodyTakesOrLeavesTheLock();
            case AN_OWNER_COMES_OR_GOES -> world.anOwnerComesOrGoes(event.chance());
            case ANOTHER_MACHINE_IS_NEXT -> operator.willRunElsewhere(event.chance());
        }
    }

    /** Then the resource comes to rest; and, when a person has done what the status asks for, at its target. */
    private static void faultsCease(SimulatedWorld world, SimulatedOperator operator) {
        world.database.reachable = true;
        world.database.lockedBySomebody = false;
        world.secretExists = true;
        world.imageFails = false;
        world.missingImage = null;
        world.jobsAreRefused = false;
        world.owner = Optional.empty();
        world.killOrphans();
        world.mode = Mode.Apply;
        run(world, operator, LONG_ENOUGH, () -> rests(world));
        Violation.unless(rests(world), "did not come to rest after the faults, and says " + world.status.conditions());
        // What failed before a person's word was no part of it: then the word is asked for once more.
        for (int words = 0; words < 3 && !isDone(world); words++) {
            DatabaseMigrationSpec spec = world.resource.spec();
            int place = SimulatedDatabase.place(spec.targetRevision(), spec.image());
            // What no image at hand contains needs the newest.
            String image = words == 2 ? "v" + SimulatedDatabase.HEAD : spec.image();
            world.wants(SimulatedDatabase.target(place), image, spec.downgradeImage(), DowngradePolicy.Always, false);
            world.asksForARetry();
            run(world, operator, LONG_ENOUGH, () -> rests(world));
        }
        Violation.unless(
                isDone(world), "did not come to its target after the faults, and says " + world.status.conditions());
        modelsAreCompared(world, operator);
        int attempts = world.attempts.size();
        int checks = world.checks.started;
        run(world, operator, AT_REST, () -> false);
        Violation.unless(world.checks.started == checks, "compared again with nothing changed");
        Violation.unless(isDone(world), "did not stay at its target");
        Violation.unless(world.attempts.size() == attempts, "started an attempt with nothing to do");
    }

    private static void modelsAreCompared(SimulatedWorld world, SimulatedOperator operator) {
        if (world.checks.policy.wanted() && !world.resource.spec().suspend()) {
            // A person's word asks for one more.
            run(
                    world,
                    operator,
                    Duration.ofHours(2),
                    () -> world.checks.areAnswered(world.status)
                            && !operator.comparesAgainWithin(AT_REST)
                            && Objects.equals(world.resource.retry().orElse(null), world.status.lastHandledRetry()));
            Violation.unless(
                    world.checks.areAnswered(world.status),
                    "did not compare the models, and says " + world.status.conditions());
        }
    }

    private static boolean isDone(SimulatedWorld world) {
        return world.says("Ready") && world.isAtTarget();
    }

    private static boolean rests(SimulatedWorld world) {
        return (isDone(world) && !waitsForAnEnd(world))
                || (world.resource.spec().mode() == Mode.Plan && world.says("Ready"))
                || world.says("Stalled")
                || (world.resource.spec().suspend() && world.says("Reconciling"));
    }

    /** Whether the end of a run is still to be seen, which may tell of something half done: the database is faster. */
    private static boolean waitsForAnEnd(SimulatedWorld world) {
        return world.status.attempt() != null && world.status.attempt().endedAt() == null;
    }

    private static boolean isAwaited(SimulatedWorld world) {
        return world.status
                .condition("Ready")
                .filter(ready -> Reason.AwaitingApproval.name().equals(ready.getReason()))
                .isPresent();
    }

    /** Without faults: all is seen at once, attempts succeed, the loop wakes when it said that it would. */
    static void run(SimulatedWorld world, SimulatedOperator operator, Duration time, BooleanSupplier done) {
        Instant end = world.now.plus(time);
        for (int step = 0; world.now.isBefore(end) && !done.getAsBoolean(); step++) {
            operator.looksEnds();
            world.attemptMoves(1);
            world.checks.move(1, world.missingImage);
            operator.seesTheJobs();
            if (isAwaited(world)) {
                world.plans.somebodyApproves(world.status);
            }
            operator.seesTheResource();
            operator.pass(Crash.NOT);
            if (done.getAsBoolean()) {
                return;
            }
            Instant event = world.now.plusMillis(500);
            boolean moves = world.attempts.stream().anyMatch(attempt -> !attempt.over()) || world.checks.areUnderWay();
            world.now = moves && event.isBefore(operator.wakesAt) ? event : operator.wakesAt;
            Violation.unless(step < 10_000, "span instead of waiting");
        }
    }
}
