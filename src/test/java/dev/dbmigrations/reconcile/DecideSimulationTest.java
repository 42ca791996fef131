package dev.dbmigrations.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.reconcile.SimulatedOperator.Rules;
import java.util.Optional;
import java.util.Random;
import java.util.stream.LongStream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/**
 * The rules, through many random histories of faults, edits and time: nothing that is promised is ever broken, and when
 * the faults cease the database comes to its target. What broke a promise is made as short as it can be and printed
 * with its seed, which {@code -Ddbmigrations.seed=…} runs again.
 */
@NullMarked
class DecideSimulationTest {

    private static final int HISTORIES = Integer.getInteger("dbmigrations.histories", 100_000);
    private static final Rules RULES = Decide::decide;

    @Test
    void promisesAreKeptThroughEveryHistory() {
        Long again = Long.getLong("dbmigrations.seed");
        long first = again == null ? new Random().nextInt(1_000_000_000) : again;
        int histories = again == null ? HISTORIES : 1;
        LongStream.range(first, first + histories)
                .parallel()
                .mapToObj(DecideSimulationTest::check)
                .flatMap(Optional::stream)
                .findAny()
                .ifPresent(broken -> {
                    throw new AssertionError(broken);
                });
        System.out.printf("%d histories from seed %d kept every promise%n", histories, first);
    }

    @Test
    void aSeedIsTheSameHistoryEachTime() {
        assertThat(SimulatedHistory.of(42)).isEqualTo(SimulatedHistory.of(42)).isNotEqualTo(SimulatedHistory.of(43));
    }

    /** {@return what promise the history of this seed breaks, with the shortest history that still does} */
    private static Optional<String> check(long seed) {
        SimulatedHistory history = SimulatedHistory.of(seed);
        return history.brokenBy(RULES).map(broken -> {
            SimulatedHistory shortest = history.shortened(RULES);
            return "%s%n  again: -Ddbmigrations.seed=%d%n  shortest history, %s%n  which breaks: %s"
                    .formatted(broken, seed, shortest, shortest.brokenBy(RULES).orElseThrow());
        });
    }
}
