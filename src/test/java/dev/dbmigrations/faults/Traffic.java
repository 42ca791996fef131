package dev.dbmigrations.faults;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** An application that asks the same all the time, and how long it had to wait. */
final class Traffic implements AutoCloseable {

    private static final Duration PAUSE = Duration.ofMillis(10);

    /** Opens the application's connection. */
    private interface Way {
        Connection open() throws SQLException;
    }

    private final Way way;
    private final String query;
    private final AtomicLong longestNanos = new AtomicLong();
    private final Thread thread;
    private volatile boolean closed;

    Traffic(LedgerDatabase database, String query) {
        this(() -> database.server().connect(database.name()), query);
    }

    /** {@return the same with the migrating role's credentials, by an address on the way to the server} */
    static Traffic through(LedgerDatabase database, String host, int port, String query) {
        String url = "jdbc:postgresql://%s:%d/%s?prepareThreshold=0".formatted(host, port, database.name());
        return new Traffic(() -> DriverManager.getConnection(url, LedgerServer.ROLE, LedgerServer.PASSWORD), query);
    }

    private Traffic(Way way, String query) {
        this.way = way;
        this.query = query;
        thread = Thread.ofVirtual().name("traffic").start(this::run);
    }

    /** {@return the longest that any answer took, the one under way included once it is there} */
    Duration longestWait() {
        return Duration.ofNanos(longestNanos.get());
    }

    private void run() {
        try (Connection connection = way.open();
                Statement statement = connection.createStatement()) {
            while (!closed) {
                long began = System.nanoTime();
                statement.execute(query);
                longestNanos.accumulateAndGet(System.nanoTime() - began, Math::max);
                Thread.sleep(PAUSE);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(query, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits until it asks no more: what it asks for may be gone afterwards. */
    @Override
    public void close() {
        closed = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
