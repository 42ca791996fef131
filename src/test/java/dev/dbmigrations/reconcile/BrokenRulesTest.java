package dev.dbmigrations.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DatabaseMigrationStatus;
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
import dev.dbmigrations.reconcile.SimulatedAttempt.Runner;
import dev.dbmigrations.reconcile.SimulatedHistory.Kind;
import dev.dbmigrations.reconcile.SimulatedOperator.Rules;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A test of the simulation: an operator or a runner without one of the rules is found out, and soon. */
@NullMarked
class BrokenRulesTest {

    private static final int ENOUGH_TO_FIND = 1000;

    /**
     * @param what it does
     * @param promise words of what is found
     * @param only what has to happen for that, where it is rare in the run of things; empty where it is not
     */
    record Broken(String what, String promise, Rules rules, Set<Kind> only) {
        @Override
        public String toString() {
            return what;
        }
    }

    static Stream<Broken> brokenRules() {
        return Stream.of(
                broken(
                        "runs from wherever the database is",
                        "rule 1",
                        runner(Runner.LOOKS_AT_NO_ROWS),
                        Kind.SOMEBODY_MOVES_THE_DATABASE),
                broken(
                        "runs without the lock",
                        "rule 2",
                        runner(Runner.TAKES_NO_LOCK),
                        Kind.SOMEBODY_TAKES_OR_LEAVES_THE_LOCK),
                broken("starts beside what runs", "rule 2", seeing(BrokenRulesTest::withoutWhatRuns)),
                broken("reports the target for the rows", "rule 3", reporting(BrokenRulesTest::targetForRows)),
                broken("takes an ancestor for done", "rule 8", after(BrokenRulesTest::ancestorIsDone)),
                broken(
                        "goes down without leave",
                        "rule 5",
                        starting(start -> with(start, Downgrade.Allowed, start.afterInterruption()))),
                broken(
                        "rolls back without leave",
                        "rule 5",
                        after(BrokenRulesTest::rollingBackWithoutLeave),
                        Kind.THE_TEAM_ROLLS_BACK),
                broken(
                        "goes down with the spec's own image",
                        "did not come to rest",
                        starting(BrokenRulesTest::withoutRollback),
                        Kind.THE_TEAM_ROLLS_BACK),
                broken("runs what nobody approved", "rule 7", after(BrokenRulesTest::withoutApproval)),
                broken("plans nothing", "rule 7", starting(BrokenRulesTest::withoutPlan)),
                broken("takes any plan for the one that is due", "rule 7", after(BrokenRulesTest::withAnyPlan)),
                broken("believes old readings", "rule 8", seeing(BrokenRulesTest::withAnOldSpec)),
                broken(
                        "takes any rows for the target",
                        "rule 8",
                        after((seen, decision) -> decision instanceof Start start ? settle(start) : decision)),
                broken(
                        "forgets failures",
                        "rule 10",
                        seeing(BrokenRulesTest::withoutFailure),
                        Kind.THE_IMAGE_BREAKS_OR_IS_MENDED),
                broken(
                        "forgets interruptions",
                        "rule 10",
                        starting(start -> with(start, start.downgrade(), false)),
                        Kind.AN_ATTEMPT_DIES),
                broken("does not ask whose database it is", "rule 12", seeing(BrokenRulesTest::withoutOwner)),
                broken("uses a number again", "number", starting(BrokenRulesTest::asTheFirst)),
                broken("compares beside what runs", "compared while", after(BrokenRulesTest::comparingBesideARun)),
                broken("compares too early", "compared before", after(BrokenRulesTest::comparingTooEarly)),
                broken("compares for ever", "compared again", after(BrokenRulesTest::comparingForEver)),
                broken("never tries again", "did not come to its target", after(BrokenRulesTest::givingUp)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("brokenRules")
    void isFound(Broken broken) {
        Optional<SimulatedHistory> history = LongStream.rangeClosed(1, ENOUGH_TO_FIND)
                .parallel()
                .mapToObj(seed -> SimulatedHistory.of(seed, broken.only()))
                .filter(one -> one.brokenBy(broken.rules())
                        .filter(words -> words.contains(broken.promise()))
                        .isPresent())
                .findFirst();

        assertThat(history)
                .as("a history of %d in which an operator that %s breaks a promise", ENOUGH_TO_FIND, broken)
                .isPresent();
    }

    private static Broken broken(String what, String promise, Rules rules, Kind... only) {
        return new Broken(what, promise, rules, Set.of(only));
    }

    // What is broken.

    private static Rules after(BiFunction<Observation, Decision, Decision> change) {
        return (seen, now) -> change.apply(seen, Decide.decide(seen, now));
    }

    private static Rules starting(UnaryOperator<Start> change) {
        return after((seen, decision) -> decision instanceof Start start ? change.apply(start) : decision);
    }

    private static Rules seeing(UnaryOperator<Observation> change) {
        return (seen, now) -> Decide.decide(change.apply(seen), now);
    }

    private static Rules reporting(BiFunction<Observation, DatabaseMigrationStatus, DatabaseMigrationStatus> change) {
        return new Rules() {
            @Override
            public Decision decide(Observation seen, Instant now) {
                return Decide.decide(seen, now);
            }

            @Override
            public DatabaseMigrationStatus report(Observation seen, Decision decision, Instant now) {
                return change.apply(seen, Report.of(seen, decision, now));
            }
        };
    }

    private static Rules runner(Runner runner) {
        return new Rules() {
            @Override
            public Decision decide(Observation seen, Instant now) {
                return Decide.decide(seen, now);
            }

            @Override
            public Runner runner() {
                return runner;
            }
        };
    }

    // Other decisions.

    private static Settle settle(Start start) {
        return new Settle(start.reading(), Optional.empty());
    }

    private static Start with(Start s, Downgrade downgrade, boolean afterInterruption) {
        return new Start(
                s.reading(), s.number(), downgrade, afterInterruption, s.retry(), s.rollback(), s.kind(), s.go());
    }

    private static Start withoutRollback(Start s) {
        return new Start(
                s.reading(),
                s.number(),
                s.downgrade(),
                s.afterInterruption(),
                s.retry(),
                Optional.empty(),
                s.kind(),
                s.go());
    }

    private static Start withoutPlan(Start s) {
        return new Start(s.reading(), s.number(), s.downgrade(), s.afterInterruption(), s.retry(), s.rollback());
    }

    private static Start asTheFirst(Start s) {
        return new Start(
                s.reading(), 1, s.downgrade(), s.afterInterruption(), s.retry(), s.rollback(), s.kind(), s.go());
    }

    /** As Alembic's exit status says it: an upgrade to where the database has been long since is no error. */
    private static Decision ancestorIsDone(Observation seen, Decision decision) {
        return decision instanceof Start start
                        && SimulatedDatabase.at(start.reading().revisions())
                                > SimulatedDatabase.place(
                                        seen.spec().targetRevision(),
                                        seen.spec().image())
                ? settle(start)
                : decision;
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

    private static Decision withoutApproval(Observation seen, Decision decision) {
        return decision instanceof AwaitApproval waiting && seen.reading().orElse(null) instanceof AtRevisions current
                ? new Start(
                        current,
                        seen.nextAttempt(),
                        Downgrade.NotRequested,
                        false,
                        false,
                        Optional.empty(),
                        SeenAttempt.Kind.Apply,
                        Optional.of(new Go(waiting.plan(), Optional.empty())))
                : decision;
    }

    /** Whatever was planned and approved once is run whenever something is to be planned. */
    private static Decision withAnyPlan(Observation seen, Decision decision) {
        PlanStatus plan = seen.status().plan();
        return decision instanceof Start start && start.kind() == SeenAttempt.Kind.Plan && plan != null
                ? new Start(
                        start.reading(),
                        start.number(),
                        start.downgrade(),
                        start.afterInterruption(),
                        start.retry(),
                        start.rollback(),
                        SeenAttempt.Kind.Apply,
                        Optional.of(new Go(plan, seen.approvals().stream().findFirst())))
                : decision;
    }

    private static Decision comparingBesideARun(Observation seen, Decision decision) {
        return decision instanceof Await
                        && seen.spec().modelCheck().wanted()
                        && seen.reading().orElse(null) instanceof AtRevisions current
                ? new StartCheck(current, seen.nextAttempt())
                : decision;
    }

    private static Decision comparingTooEarly(Observation seen, Decision decision) {
        return decision instanceof Settle settle
                        && seen.spec().modelCheck().wanted()
                        && seen.underWay().isEmpty()
                        && seen.checks().isEmpty()
                        && !seen.spec().suspend()
                ? new StartCheck(settle.reading(), seen.nextAttempt())
                : decision;
    }

    private static Decision comparingForEver(Observation seen, Decision decision) {
        return decision instanceof Settle settle
                        && seen.status().modelCheck() != null
                        && seen.spec().modelCheck().wanted()
                        && !seen.spec().suspend()
                        && seen.checks().stream().allMatch(SeenAttempt::over)
                ? new StartCheck(settle.reading(), seen.nextAttempt())
                : decision;
    }

    private static Decision givingUp(Observation seen, Decision decision) {
        return decision instanceof Start && seen.status().lastFailure() != null
                ? new Fail(seen.status().lastFailure(), Optional.empty())
                : decision;
    }

    // Less seen.

    private static Observation withoutWhatRuns(Observation seen) {
        return seen(
                seen,
                seen.specSeenAt(),
                seen.status(),
                seen.attempts().stream().filter(SeenAttempt::over).toList(),
                seen.owner());
    }

    private static Observation withAnOldSpec(Observation seen) {
        return seen(seen, Instant.EPOCH, seen.status(), seen.attempts(), seen.owner());
    }

    private static Observation withoutOwner(Observation seen) {
        return seen(seen, seen.specSeenAt(), seen.status(), seen.attempts(), Optional.empty());
    }

    private static Observation withoutFailure(Observation seen) {
        StatusDraft without = new StatusDraft(seen.status());
        without.lastFailure = null;
        return seen(seen, seen.specSeenAt(), without.built(), seen.attempts(), seen.owner());
    }

    private static Observation seen(
            Observation seen,
            Instant specSeenAt,
            DatabaseMigrationStatus status,
            List<SeenAttempt> attempts,
            Optional<Owner> owner) {
        return new Observation(
                seen.name(),
                seen.uid(),
                seen.generation(),
                specSeenAt,
                seen.retry(),
                seen.spec(),
                seen.greatestDowngrade(),
                status,
                seen.secret(),
                seen.reading(),
                seen.askedAt(),
                attempts,
                seen.checks(),
                seen.newestEndSeenAt(),
                seen.planIsKept(),
                seen.approvals(),
                owner);
    }

    /** As if the target were there as soon as it is wanted. */
    private static DatabaseMigrationStatus targetForRows(Observation seen, DatabaseMigrationStatus s) {
        StatusDraft early = new StatusDraft(s);
        early.currentRevisions = SimulatedDatabase.rows(SimulatedDatabase.place(
                seen.spec().targetRevision(), seen.spec().image()));
        return early.built();
    }
}
