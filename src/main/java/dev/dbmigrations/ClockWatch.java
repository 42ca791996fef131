package dev.dbmigrations;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees that the machine's clock was put back. What the loop has read would seem to be of the future, and so be new for
 * as long, and its timers would wait until that time comes again: a new process has neither.
 */
final class ClockWatch implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ClockWatch.class);

    private static final Duration OFTEN = Duration.ofSeconds(5);

    /** What a time server takes back at a time is less. */
    private static final Duration TOO_FAR = Duration.ofSeconds(10);

    private final Clock clock;
    private final LongSupplier nanoseconds;
    private final Runnable broken;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("clock watch").factory());
    private Instant expected;
    private long at;

    /**
     * @param nanoseconds of a clock that nobody puts back
     * @param broken run when the other one was
     */
    ClockWatch(Clock clock, LongSupplier nanoseconds, Runnable broken) {
        this.clock = clock;
        this.nanoseconds = nanoseconds;
        this.broken = broken;
        this.expected = clock.instant();
        this.at = nanoseconds.getAsLong();
    }

    /** {@return one that looks from now on, until it is closed} */
    static ClockWatch start(Clock clock, Runnable broken) {
        ClockWatch watch = new ClockWatch(clock, System::nanoTime, broken);
        var _ = watch.timer.scheduleWithFixedDelay(
                watch::look, OFTEN.toMillis(), OFTEN.toMillis(), TimeUnit.MILLISECONDS);
        return watch;
    }

    void look() {
        long then = at;
        at = nanoseconds.getAsLong();
        expected = expected.plusNanos(at - then);
        Instant now = clock.instant();
        Duration behind = Duration.between(now, expected);
        expected = now;
        if (behind.compareTo(TOO_FAR) > 0) {
            LOG.error("the clock was put back by {} s: ending, to be started anew", behind.toSeconds());
            broken.run();
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
