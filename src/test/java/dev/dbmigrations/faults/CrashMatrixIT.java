package dev.dbmigrations.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * Each scenario is played undisturbed, and every write of the operator to the API is written down. Then it is played again
 * for each of these writes, with the operator killed before it leaves, between the server's commit and its answer, and
 * after the answer; and once with the answer lost to an operator that lives on. It ends as it ended undisturbed.
 *
 * <p>{@code -Dfaults.cases=60} plays so many, drawn by {@code -Dfaults.seed}; otherwise all of them are played.
 */
@Execution(ExecutionMode.CONCURRENT)
class CrashMatrixIT {

    private static final int AT_ONCE = 4;
    private static final List<Fault> MOMENTS = List.of(
            new Fault.KilledBefore(),
            new Fault.KilledBeforeTheAnswer(),
            new Fault.KilledAfterTheAnswer(),
            new Fault.AnswerLost());

    /** @param nth of the writes that do the same, from 1 */
    private record Case(Scenario scenario, End undisturbed, String what, int nth, Fault fault) {

        @Override
        public String toString() {
            return "%s, %s %d: %s".formatted(scenario, what, nth, fault);
        }
    }

    @TestFactory
    Stream<DynamicTest> endsAsUndisturbed() throws Exception {
        Map<Scenario, Play> undisturbed = playUndisturbed();
        List<Case> all = undisturbed.entrySet().stream()
                .flatMap(entry -> cases(entry.getKey(), entry.getValue()))
                .toList();
        List<Case> drawn = draw(all);
        return drawn.stream().map(one -> DynamicTest.dynamicTest(one.toString(), () -> play(one)));
    }

    private static void play(Case one) {
        AtomicInteger count = new AtomicInteger();
        Fault.Plan first = call ->
                call.what().equals(one.what()) && count.incrementAndGet() == one.nth() ? one.fault() : new Fault.None();
        Play play = Play.of(one.scenario(), instance -> instance == 0 ? first : Fault.Plan.NONE);
        assertThat(play.end()).as(one.toString()).isEqualTo(one.undisturbed());
        // How often progress is reported depends on how fast the run was.
        assumeTrue(count.get() >= one.nth(), "this time there was no such write");
    }

    private static Map<Scenario, Play> playUndisturbed() throws InterruptedException, ExecutionException {
        Ground.shared();
        Map<Scenario, Future<Play>> plays = new LinkedHashMap<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE)) {
            Scenario.ALL.forEach(scenario ->
                    plays.put(scenario, threads.submit(() -> Play.of(scenario, instance -> Fault.Plan.NONE))));
        }
        Map<Scenario, Play> played = new LinkedHashMap<>();
        for (Map.Entry<Scenario, Future<Play>> play : plays.entrySet()) {
            played.put(play.getKey(), play.getValue().get());
        }
        return played;
    }

    private static Stream<Case> cases(Scenario scenario, Play play) {
        Map<String, AtomicInteger> counts = new ConcurrentHashMap<>();
        return play.calls().stream().filter(Call::isWrite).flatMap(call -> {
            int nth = counts.computeIfAbsent(call.what(), what -> new AtomicInteger())
                    .incrementAndGet();
            return MOMENTS.stream().map(fault -> new Case(scenario, play.end(), call.what(), nth, fault));
        });
    }

    private static List<Case> draw(List<Case> all) {
        String wanted = System.getProperty("faults.cases", "all");
        long seed = Long.getLong("faults.seed", System.nanoTime());
        int number = wanted.equals("all") ? all.size() : Math.min(all.size(), Integer.parseInt(wanted));
        List<Case> drawn = new ArrayList<>(all);
        if (number < all.size()) {
            Collections.shuffle(drawn, new Random(seed));
        }
        System.out.printf("crash matrix: %d of %d cases; faults.seed=%d%n", number, all.size(), seed);
        return drawn.subList(0, number);
    }
}
