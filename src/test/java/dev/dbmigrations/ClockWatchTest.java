package dev.dbmigrations;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A clock that goes forward, however far, is let be; one that was put back ends the operator. */
class ClockWatchTest {

    private Instant time = Instant.parse("2026-11-01T12:00:00Z");
    private long nanoseconds = 17;
    private final AtomicInteger ended = new AtomicInteger();
    private final ClockWatch watch = new ClockWatch(new TestClock(), () -> nanoseconds, ended::incrementAndGet);

    @Test
    void letsTimePass() {
        for (int minute = 0; minute < 60; minute++) {
            passes(Duration.ofMinutes(1), Duration.ZERO);
        }
        assertThat(ended).hasValue(0);
    }

    @Test
    void letsAJumpForwardBe() {
        passes(Duration.ofSeconds(5), Duration.ofHours(1));
        assertThat(ended).hasValue(0);
    }

    @Test
    void letsATimeServerCorrectTheClock() {
        passes(Duration.ofSeconds(5), Duration.ofSeconds(-6));
        passes(Duration.ofSeconds(5), Duration.ofSeconds(-6));
        assertThat(ended).hasValue(0);
    }

    @Test
    void endsTheOperatorWhenTheClockWasPutBack() {
        passes(Duration.ofSeconds(5), Duration.ofHours(-1));
        assertThat(ended).hasValue(1);
    }

    private void passes(Duration really, Duration jump) {
        nanoseconds += really.toNanos();
        time = time.plus(really).plus(jump);
        watch.look();
    }

    private final class TestClock extends Clock {
        @Override
        public Instant instant() {
            return time;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }
}
