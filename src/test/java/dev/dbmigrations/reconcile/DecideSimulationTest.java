package dev.dbmigrations.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DowngradePolicy;
import dev.dbmigrations.api.Mode;
import dev.dbmigrations.api.PlanStatus;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.job.RunDocument.Downgrade;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.Tree;
import dev.dbmigrations.reconcile.Decision.Await;
import dev.dbmigrations.reconcile.Decision.AwaitApproval;
import dev.dbmigrations.reconcile.Decision.Fail;
import dev.dbmigrations.reconcile.Decision.Go;
import dev.dbmigrations.reconcile.Decision.Settle;
import dev.dbmigrations.reconcile.Decision.Start;
import dev.dbmigrations.reconcile.Decision.StartCheck;
import dev.dbmigrations.reconcile.SimulatedOperator.Crash;
import dev.dbmigrations.reconcile.SimulatedOperator.Rules;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The rules, through many random histories of faults, edits and time: nothing that is promised is ever broken, and when
 * the faults cease the database comes to its target. What broke a promise is made as short as it can be and printed
 * with its seed, which {@code -Ddbmigrations.seed=…} runs again.
 */
@NullMarked
class DecideSimulationTest {

    /** A death in the middle of the one step that commits on its way is rare, and it ends at the first that is found. */
    private static final int ENOUGH_TO_FIND = 500_000;

    private static final int HISTORIES = Integer.getInteger("dbmigrations.histories", 100_000);
    private static final int LENGTH = 70;
    private static final List<Crash> CRASHES =
            Stream.of(Crash.values()).filter(crash -> crash != Crash.NOT).toList();
    private static final Duration LONG_ENOUGH = Duration.ofMinutes(20);

    /** What can happen; the weights make a history of mostly quiet work. */
    private enum Kind {
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
        AN_IMAGE_GOES_OR_COMES(1);

        private final int weight;

        Kind(int weight) {
            this.weight = weight;
        }
    }

    private record Event(Kind kind, int chance) {
        @Override
        public String toString() {
            return kind + "(" + chance + ")";
        }
    }

    @Test
    void promisesAreKeptThroughEveryHistory() {
        Long again = Long.getLong("dbmigrations.seed");
        long first = again == null ? new Random().nextInt(1_000_000_000) : again;
        int histories = again == null ? HISTORIES : 1;
        LongStream.range(first, first + histories)
                .parallel()
                .mapToObj(seed -> check(Decide::decide, seed))
                .flatMap(Optional::stream)
                .findAny()
                .ifPresent(broken -> {
                    throw new AssertionError(broken);
                });
        System.out.printf("%d histories from seed %d kept every promise%n", histories, first);
    }

    static Stream<Arguments> brokenRules() {
        return Stream.of(
                Arguments.of(
                        "goes down without leave",
                        "rule 5",
                        after((seen, decision) -> decision instanceof Start s
                                ? new Start(
                                        s.reading(),
                                        s.number(),
                                        Downgrade.Allowed,
                                        s.afterInterruption(),
                                        s.retry(),
                                        s.rollback(),
                                        s.kind(),
                                        s.go())
                                : decision)),
                Arguments.of(
                        "rolls back without leave", "rule 5", after(DecideSimulationTest::rollingBackWithoutLeave)),
                Arguments.of("starts beside what runs", "rule 2", blind(seen -> seen.status(), true, Instant.MAX)),
                Arguments.of(
                        "forgets failures", "rule 10", blind(DecideSimulationTest::withoutFailure, false, Instant.MAX)),
                Arguments.of(
                        "forgets interruptions",
                        "rule 10",
                        after((seen, decision) -> decision instanceof Start s
                                ? new Start(
                                        s.reading(),
                                        s.number(),
                                        s.downgrade(),
                                        false,
                                        s.retry(),
                                        s.rollback(),
                                        s.kind(),
                                        s.go())
                                : decision)),
                Arguments.of("believes old readings", "rule 8", blind(seen -> seen.status(), false, Instant.EPOCH)),
                Arguments.of(
                        "uses a number again",
                        "number",
                        after((seen, decision) -> decision instanceof Start s
                                ? new Start(
                                        s.reading(),
                                        1,
                                        s.downgrade(),
                                        s.afterInterruption(),
                                        s.retry(),
                                        s.rollback(),
                                        s.kind(),
                                        s.go())
                                : decision)),
                Arguments.of("runs what nobody approved", "rule 7", (Rules) (seen, now) ->
                        Decide.decide(seen, now) instanceof AwaitApproval waiting
                                        && seen.reading().orElse(null) instanceof AtRevisions current
                                ? new Start(
                                        current,
                                        seen.nextAttempt(),
                                        Downgrade.NotRequested,
                                        false,
                                        false,
                                        Optional.empty(),
                                        SeenAttempt.Kind.Apply,
                                        Optional.of(new Go(waiting.plan(), Optional.empty())))
                                : Decide.decide(seen, now)),
                Arguments.of(
                        "plans nothing",
                        "rule 7",
                        after((seen, decision) -> decision instanceof Start s
                                ? new Start(
                                        s.reading(),
                                        s.number(),
                                        s.downgrade(),
                                        s.afterInterruption(),
                                        s.retry(),
                                        s.rollback())
                                : decision)),
                Arguments.of(
                        "takes any plan for the one that is due", "rule 7", (Rules) DecideSimulationTest::withAnyPlan),
                Arguments.of(
                        "compares beside what runs",
                        "compared while",
                        after((seen, decision) -> decision instanceof Await
                                        && seen.spec().modelCheck().wanted()
                                        && seen.reading().orElse(null) instanceof AtRevisions current
                                ? new StartCheck(current, seen.nextAttempt())
                                : decision)),
                Arguments.of(
                        "compares too early",
                        "compared before",
                        after((seen, decision) -> decision instanceof Settle settle
                                        && seen.spec().modelCheck().wanted()
                                        && seen.underWay().isEmpty()
                                        && seen.checks().isEmpty()
                                        && !seen.spec().suspend()
                                ? new StartCheck(settle.reading(), seen.nextAttempt())
                                : decision)),
                Arguments.of(
                        "compares for ever",
                        "compared again",
                        after((seen, decision) -> decision instanceof Settle settle
                                        && seen.status().modelCheck() != null
                                        && seen.spec().modelCheck().wanted()
                                        && !seen.spec().suspend()
                                        && seen.checks().stream().allMatch(SeenAttempt::over)
                                ? new StartCheck(settle.reading(), seen.nextAttempt())
                                : decision)),
                Arguments.of(
                        "takes any rows for the target",
                        "rule 8",
                        after((seen, decision) ->
                                decision instanceof Start s ? new Settle(s.reading(), Optional.empty()) : decision)),
                Arguments.of(
                        "never tries again",
                        "did not come to its target",
                        after((seen, decision) ->
                                decision instanceof Start && seen.status().lastFailure() != null
                                        ? new Fail(seen.status().lastFailure(), Optional.empty())
                                        : decision)));
    }

    /** A test of the test. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("brokenRules")
    void aBrokenRuleIsFound(String what, String promise, Rules broken) {
        boolean found = LongStream.rangeClosed(1, ENOUGH_TO_FIND)
                .parallel()
                .anyMatch(seed -> check(broken, seed)
                        .filter(words -> words.contains(promise))
                        .isPresent());
        if (found) {
            return;
        }
        throw new AssertionError("an operator that " + what + " broke no promise in " + ENOUGH_TO_FIND + " histories");
    }

    @Test
    void aSeedIsTheSameHistoryEachTime() {
        assertThat(history(42)).isEqualTo(history(42)).isNotEqualTo(history(43));
    }

    private interface Change {
        Decision of(Observation seen, Decision decision);
    }

    private static Rules after(Change change) {
        return (seen, now) -> change.of(seen, Decide.decide(seen, now));
    }

    private static Decision rollingBackWithoutLeave(Observation seen, Decision decision) {
        List<String> target = seen.status().resolvedTarget();
        if (!(decision instanceof Fail fail)
                || fail.ended().isPresent()
                || fail.failure().reason() != Reason.DatabaseAhead
                || !(seen.reading().orElse(null) instanceof AtRevisions current)
                || target == null
                || seen.status().unknownRevisions() == null) {
            return decision;
        }
        Rollback.Way way =
                new Rollback.Way("v5", Tree.asItRan("v5", null, seen.spec().alembic()), target);
        return new Start(current, seen.nextAttempt(), Downgrade.Allowed, false, false, Optional.of(way));
    }

    private interface Memory {
        DatabaseMigrationStatus of(Observation seen);
    }

    /** Rules that do not see something: failures, what runs, or that the spec has changed. */
    private static Rules blind(Memory memory, boolean attemptsUnseen, Instant latestSpec) {
        return (seen, now) -> Decide.decide(
                new Observation(
                        seen.name(),
                        seen.uid(),
                        seen.generation(),
                        seen.specSeenAt().isBefore(latestSpec) ? seen.specSeenAt() : latestSpec,
                        seen.retry(),
                        seen.spec(),
                        seen.greatestDowngrade(),
                        memory.of(seen),
                        seen.secret(),
                        seen.reading(),
                        seen.askedAt(),
                        seen.attempts().stream()
                                .filter(attempt -> attempt.over() || !attemptsUnseen)
                                .toList(),
                        seen.checks(),
                        seen.newestEndSeenAt(),
                        seen.planIsKept(),
                        seen.approvals(),
                        seen.owner()),
                now);
    }

    /** Whatever was planned and approved once is run whenever something is to be planned. */
    private static Decision withAnyPlan(Observation seen, Instant now) {
        PlanStatus plan = seen.status().plan();
        return Decide.decide(seen, now) instanceof Start start && start.kind() == SeenAttempt.Kind.Plan && plan != null
                ? new Start(
                        start.reading(),
                        start.number(),
                        start.downgrade(),
                        start.afterInterruption(),
                        start.retry(),
                        start.rollback(),
                        SeenAttempt.Kind.Apply,
                        Optional.of(new Go(plan, seen.approvals().stream().findFirst())))
                : Decide.decide(seen, now);
    }

    private static DatabaseMigrationStatus withoutFailure(Observation seen) {
        DatabaseMigrationStatus s = seen.status();
        return new DatabaseMigrationStatus(
                s.observedGeneration(),
                s.currentRevision(),
                s.currentRevisions(),
                s.currentReadAt(),
                s.versionTable(),
                s.database(),
                s.resolvedTarget(),
                s.head(),
                s.pending(),
                s.unknownRevisions(),
                s.resolvedFor(),
                s.lastReached(),
                s.plan(),
                s.attempt(),
                s.modelCheck(),
                null,
                s.lastHandledRetry(),
                s.history(),
                s.conditions());
    }

    // Histories.

    /** {@return what promise the history of this seed breaks, with the shortest history that still does} */
    private static Optional<String> check(Rules rules, long seed) {
        List<Event> history = history(seed);
        String broken = brokenBy(rules, history);
        if (broken == null) {
            return Optional.empty();
        }
        List<Event> shortest = shortened(rules, history);
        return Optional.of("%s%n  again: -Ddbmigrations.seed=%d%n  shortest history: %s%n  which breaks: %s"
                .formatted(broken, seed, shortest, brokenBy(rules, shortest)));
    }

    private static List<Event> history(long seed) {
        Random random = new Random(seed);
        int sum = Stream.of(Kind.values()).mapToInt(kind -> kind.weight).sum();
        List<Event> events = new ArrayList<>();
        while (events.size() < LENGTH) {
            int place = random.nextInt(sum);
            for (Kind kind : Kind.values()) {
                place -= kind.weight;
                if (place < 0) {
                    events.add(new Event(kind, random.nextInt(1_000_000)));
                    break;
                }
            }
        }
        return events;
    }

    private static List<Event> shortened(Rules rules, List<Event> history) {
        List<Event> shortest = new ArrayList<>(history);
        for (int size = shortest.size() / 2; size > 0; size /= 2) {
            for (int from = 0; from + size <= shortest.size(); ) {
                List<Event> shorter = new ArrayList<>(shortest);
                shorter.subList(from, from + size).clear();
                if (brokenBy(rules, shorter) != null) {
                    shortest = shorter;
                } else {
                    from += size;
                }
            }
        }
        return shortest;
    }

    private static @Nullable String brokenBy(Rules rules, List<Event> history) {
        try {
            SimulatedWorld world = new SimulatedWorld();
            SimulatedOperator operator = new SimulatedOperator(world, rules);
            boolean fromRest = !history.isEmpty() && history.getFirst().chance() % 3 == 0;
            if (fromRest) {
                world.wants("r4", "v5", null, DowngradePolicy.Requested, false);
                operator.seesTheResource();
                run(world, operator, LONG_ENOUGH, () -> rests(world));
            }
            history.forEach(event -> happen(event, world, operator));
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
        }
    }

    /** Then the resource comes to rest; and, when a person has done what the status asks for, at its target. */
    private static void faultsCease(SimulatedWorld world, SimulatedOperator operator) {
        world.database.reachable = true;
        world.secretExists = true;
        world.imageFails = false;
        world.missingImage = null;
        world.jobsAreRefused = false;
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
        run(world, operator, Duration.ofMinutes(3), () -> false);
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
        return isDone(world)
                || (world.resource.spec().mode() == Mode.Plan && world.says("Ready"))
                || world.says("Stalled")
                || (world.resource.spec().suspend() && world.says("Reconciling"));
    }

    private static boolean isAwaited(SimulatedWorld world) {
        return world.status
                .condition("Ready")
                .filter(ready -> Reason.AwaitingApproval.name().equals(ready.getReason()))
                .isPresent();
    }

    /** Without faults: all is seen at once, attempts succeed, the loop wakes when it said that it would. */
    private static void run(SimulatedWorld world, SimulatedOperator operator, Duration time, BooleanSupplier done) {
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
            Instant event = world.now.plusMillis(500);
            boolean moves = world.attempts.stream().anyMatch(attempt -> !attempt.over()) || world.checks.areUnderWay();
            world.now = moves && event.isBefore(operator.wakesAt) ? event : operator.wakesAt;
            Violation.unless(step < 10_000, "span instead of waiting");
        }
    }
}
