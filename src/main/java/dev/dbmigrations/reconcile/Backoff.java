package dev.dbmigrations.reconcile;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** How long to wait before something is tried again. Pure: the jitter comes from what is waited for. */
final class Backoff {

    static final Duration LONGEST_BETWEEN_ATTEMPTS = Duration.ofSeconds(60);
    private static final Duration LONGEST_BETWEEN_CHECKS = Duration.ofHours(1);
    private static final Duration SHORTEST_LOOK = Duration.ofSeconds(1);
    private static final Duration LONGEST_LOOK = Duration.ofSeconds(5);
    private static final Duration SHORTEST_WATCH = Duration.ofMillis(200);

    private Backoff() {}

    /**
     * {@return the pause before the next attempt: 2 s, 4 s, 8 s … 60 s, each shortened by up to a quarter}
     *
     * @param failures in a row, from 1
     * @param seed spreads the resources that one outage stopped at one moment
     */
    static Duration betweenAttempts(int failures, String seed) {
        long seconds = Math.min(LONGEST_BETWEEN_ATTEMPTS.toSeconds(), 1L << Math.min(failures, 6));
        return shortened(Duration.ofSeconds(seconds), failures, seed);
    }

    private static Duration shortened(Duration pause, int failures, String seed) {
        double jitter = Math.floorMod((seed + failures).hashCode(), 256) / 1024.0;
        return Duration.ofMillis(Math.round(pause.toMillis() * (1 - jitter)));
    }

    /**
     * {@return the pause before tables are compared with the models again, where that failed: 1 min, 2 min, 4 min … 1 h,
     * and no longer than the interval, each shortened by up to a quarter}
     *
     * @param failures in a row, from 1
     */
    static Duration betweenChecks(int failures, @Nullable Duration every, String seed) {
        Duration longest =
                every != null && every.compareTo(LONGEST_BETWEEN_CHECKS) < 0 ? every : LONGEST_BETWEEN_CHECKS;
        Duration pause = Duration.ofMinutes(1L << Math.min(failures - 1, 6));
        return shortened(pause.compareTo(longest) < 0 ? pause : longest, failures, seed);
    }

    /** {@return how soon to look again at a Secret or a database that fails since then: from 1 s to 5 s} */
    static Duration betweenLooks(Instant failingSince, Instant now) {
        return clamp(Duration.between(failingSince, now).dividedBy(4), SHORTEST_LOOK, LONGEST_LOOK);
    }

    /** {@return how soon to look again at a database that an attempt works in since then: from 0.2 s to 5 s} */
    static Duration whileRunning(Instant since, Instant now) {
        return clamp(Duration.between(since, now).dividedBy(20), SHORTEST_WATCH, LONGEST_LOOK);
    }

    private static Duration clamp(Duration value, Duration least, Duration most) {
        return value.compareTo(least) < 0 ? least : value.compareTo(most) > 0 ? most : value;
    }
}
