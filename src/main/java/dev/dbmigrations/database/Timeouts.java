package dev.dbmigrations.database;

import java.time.Duration;

/**
 * How long the parts of one reading may take.
 *
 * @param connect looking up the host's name and connecting
 * @param login TLS and authentication
 * @param read everything that is asked afterwards
 */
public record Timeouts(Duration connect, Duration login, Duration read) {

    public static final Timeouts DEFAULT =
            new Timeouts(Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofSeconds(5));

    /** {@return the most that a reading takes: where {@code sslmode} allows a second try, it may connect twice} */
    public Duration total() {
        return connect.plus(login).multipliedBy(2).plus(read);
    }
}
