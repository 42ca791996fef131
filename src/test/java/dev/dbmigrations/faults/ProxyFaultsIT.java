package dev.dbmigrations.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.api.Reason;
import dev.dbmigrations.faults.OperatorUnderTest.Plans;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What a crash does not show: watches that are late, silent or closed, lists of yesterday, and a server that refuses. */
@Execution(ExecutionMode.CONCURRENT)
class ProxyFaultsIT {

    private static final String STATUS = "PUT databasemigrations/status";
    private static final String JOB = "POST jobs";
    private static final Duration SOME_SECONDS = Duration.ofSeconds(4);
    private static final long SEED = Long.getLong("faults.seed", System.nanoTime());

    /** Name → what the instances of the operator meet; a new one for each case. */
    private static final Map<String, Supplier<Plans>> FAULTS = new LinkedHashMap<>();

    static {
        always("watches are 3 s late", Call::isWatch, new Fault.Lagging(Duration.ofSeconds(3)));
        always("watches of Jobs are 5 s late", watchOf("jobs"), new Fault.Lagging(Duration.ofSeconds(5)));
        always("watches of pods are 10 s late", watchOf("pods"), new Fault.Lagging(Duration.ofSeconds(10)));
        always("watches are closed each second", Call::isWatch, new Fault.Closed(Duration.ofSeconds(1), false));
        always("watches end each second with 410", Call::isWatch, new Fault.Closed(Duration.ofSeconds(1), true));
        always("each answer takes 300 ms longer", call -> !call.isWatch(), new Fault.Slow(Duration.ofMillis(300)));
        FAULTS.put("all watches are silent for 8 s", () -> frozen(Duration.ofSeconds(8)));
        FAULTS.put("killed, and the next one gets the lists of the first", () -> timeTravel(2));
        FAULTS.put("killed late, and the next one gets the lists of the first", () -> timeTravel(3));
        forSomeSeconds("status writes conflict", is(STATUS), new Fault.Refused(409, "Conflict", 0));
        forSomeSeconds("Jobs are forbidden", is(JOB), new Fault.Refused(403, "Forbidden", 0));
        forSomeSeconds("all is forbidden", ProxyFaultsIT::inTheNamespace, new Fault.Refused(403, "Forbidden", 0));
        forSomeSeconds("writes are too many", Call::isWrite, new Fault.Refused(429, "TooManyRequests", 1));
        forSomeSeconds("the server has errors", Call::isWrite, new Fault.Refused(500, "InternalError", 0));
        forSomeSeconds(
                "the server is away", ProxyFaultsIT::inTheNamespace, new Fault.Refused(503, "ServiceUnavailable", 0));
        FAULTS.put("each fifth call fails with 503", () -> each(5, new Fault.Refused(503, "ServiceUnavailable", 0)));
        FAULTS.put("each fifth answer is lost", () -> each(5, new Fault.AnswerLost()));
    }

    @TestFactory
    Stream<DynamicTest> endsAsUndisturbed() {
        System.out.printf("proxy faults: %d cases; faults.seed=%d%n", 2 * FAULTS.size(), SEED);
        return Stream.of(Scenario.UPGRADE, Scenario.CHANGE_IN_MID_RUN).flatMap(scenario -> {
            End undisturbed = Play.of(scenario, instance -> Fault.Plan.NONE).end();
            return FAULTS.entrySet().stream()
                    .map(fault -> DynamicTest.dynamicTest(
                            scenario + ": " + fault.getKey(),
                            () -> play(
                                    scenario,
                                    undisturbed,
                                    fault.getKey(),
                                    fault.getValue().get())));
        });
    }

    private static void play(Scenario scenario, End undisturbed, String name, Plans faults) {
        Play play = Play.of(scenario, faults);
        assertThat(play.end()).as("%s%n%s", name, play.account()).isEqualTo(undisturbed);
        if (faults instanceof Outage outage) {
            outage.printRecovery(name, play.calls());
        }
    }

    /** Calls that are refused for some seconds, from the first that it concerns. */
    private record Outage(Predicate<Call> when, Fault fault, AtomicReference<Instant> end) implements Plans {

        @Override
        public Fault.Plan of(int instance) {
            return call -> {
                if (!when.test(call)) {
                    return new Fault.None();
                }
                end.compareAndSet(Instant.MAX, call.at().plus(SOME_SECONDS));
                return call.at().isBefore(end.get()) ? fault : new Fault.None();
            };
        }

        void printRecovery(String name, List<Call> calls) {
            calls.stream()
                    .filter(call -> when.test(call) && !call.at().isBefore(end.get()))
                    .findFirst()
                    .ifPresent(call -> System.out.printf(
                            "recovery: API, %s: %.1f s to the next such call%n",
                            name, Duration.between(end.get(), call.at()).toMillis() / 1e3));
        }
    }

    /** Far less than the watches are late. */
    private static final Duration A_WHILE = Duration.ofMillis(1500);

    @Test
    void aSpecThatIsTakenBackBeforeItIsSeenMovesNothing() {
        Fault late = new Fault.Lagging(Duration.ofSeconds(4));
        Scenario thereAndBack = new Scenario("there and back", true, Set.of(), stage -> {
            stage.create("targetRevision: r3_third\nalembic: {workingDir: /trees/ledger}\n");
            stage.awaitReason(Reason.AtTarget);
            stage.change("targetRevision: " + Trees.FIRST);
            await().pollDelay(A_WHILE).until(() -> true);
            stage.change("targetRevision: " + Trees.THIRD);
            stage.awaitReason(Reason.AtTarget);
        });

        End end = Play.of(thereAndBack, instance -> call -> call.isWatch() ? late : new Fault.None())
                .end();

        assertThat(end.revisions()).containsExactly(Trees.THIRD);
        assertThat(end.jobs()).isZero();
    }

    @Test
    void somebodyElseWritesAllTheTime() {
        Scenario nagged = new Scenario("upgrade", false, Set.of(), stage -> {
            stage.create("targetRevision: head\nalembic: {workingDir: /trees/ledger}\n");
            for (int i = 0; i < 200; i++) {
                stage.label("number-" + i);
            }
            stage.awaitReason(Reason.AtTarget);
            assertThat(stage.label()).isEqualTo("number-199");
        });

        Play play = Play.of(nagged, instance -> Fault.Plan.NONE);

        assertThat(play.end().revisions()).containsExactly(Trees.THIRD);
        assertThat(play.end().jobs()).isEqualTo(1);
    }

    private static void always(String name, Predicate<Call> when, Fault fault) {
        FAULTS.put(name, () -> instance -> call -> when.test(call) ? fault : new Fault.None());
    }

    private static void forSomeSeconds(String name, Predicate<Call> when, Fault fault) {
        FAULTS.put(name, () -> new Outage(when, fault, new AtomicReference<>(Instant.MAX)));
    }

    private static Plans frozen(Duration time) {
        Instant end = Instant.now().plus(time);
        Fault fault = new Fault.Frozen(() -> Instant.now().isBefore(end));
        return instance -> call -> call.isWatch() ? fault : new Fault.None();
    }

    /** A replica of the API server that lags behind, after a crash: lists of long ago, and the watch tells late. */
    private static Plans timeTravel(int writesBefore) {
        AtomicInteger writes = new AtomicInteger();
        Fault.Plan first = call -> is(STATUS).test(call) && writes.incrementAndGet() == writesBefore
                ? new Fault.KilledAfterTheAnswer()
                : new Fault.None();
        Fault.Plan next = call -> {
            if (call.isWatch()) {
                return new Fault.Lagging(Duration.ofSeconds(3));
            }
            return call.isListOfACache() ? new Fault.Stale() : new Fault.None();
        };
        return instance -> instance == 0 ? first : next;
    }

    private static Plans each(int nth, Fault fault) {
        Random random = new Random(SEED);
        return instance -> call -> inTheNamespace(call) && random.nextInt(nth) == 0 ? fault : new Fault.None();
    }

    private static Predicate<Call> watchOf(String kind) {
        return call -> call.isWatch() && call.kind().equals(kind);
    }

    private static Predicate<Call> is(String what) {
        return call -> call.what().equals(what);
    }

    private static boolean inTheNamespace(Call call) {
        return !call.namespace().isEmpty() && !call.isWatch();
    }
}
