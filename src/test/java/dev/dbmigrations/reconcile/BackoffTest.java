package dev.dbmigrations.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pauses that grow, are bounded, and are the same whenever they are computed. */
@NullMarked
class BackoffTest {

    private static final Instant NOW = Instant.parse("2026-11-01T12:00:00Z");

    @ParameterizedTest
    @CsvSource({"1, 2", "2, 4", "3, 8", "4, 16", "5, 32", "6, 60", "7, 60", "1000000, 60"})
    void betweenAttemptsItDoublesUpToAMinuteLessAQuarterAtMost(int failures, int seconds) {
        assertThat(Backoff.betweenAttempts(failures, "uid"))
                .isBetween(Duration.ofMillis(seconds * 750L), Duration.ofSeconds(seconds))
                .isEqualTo(Backoff.betweenAttempts(failures, "uid"));
    }

    @Test
    void resourcesThatOneOutageStoppedDoNotComeBackAtOneMoment() {
        Stream<Duration> pauses = IntStream.range(0, 100).mapToObj(i -> Backoff.betweenAttempts(6, "uid-" + i * 7919));
        assertThat(pauses.distinct().count()).isGreaterThan(30);
    }

    @ParameterizedTest
    @CsvSource({"-60, 1000", "0, 1000", "4, 1000", "10, 2500", "20, 5000", "86400, 5000"})
    void aFailingDatabaseIsLookedAtEveryOneToFiveSeconds(int failingForSeconds, int millis) {
        assertThat(Backoff.betweenLooks(NOW, NOW.plusSeconds(failingForSeconds)))
                .hasMillis(millis);
    }

    @ParameterizedTest
    @CsvSource({"-60, 200", "0, 200", "4, 200", "20, 1000", "100, 5000", "86400, 5000"})
    void aRunIsWatchedCloselyWhileItIsYoung(int runningForSeconds, int millis) {
        assertThat(Backoff.whileRunning(NOW, NOW.plusSeconds(runningForSeconds)))
                .hasMillis(millis);
    }
}
