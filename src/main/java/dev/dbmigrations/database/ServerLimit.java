package dev.dbmigrations.database;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Function;

/**
 * Lets a few readings at a time through to one server, and never makes one server wait for another. Each login is a
 * process and one of {@code max_connections} there: a thousand resources that are all due after a start would shut out
 * the application, and one another.
 */
public final class ServerLimit {

    /** Of the hundred connections that PostgreSQL has by default. */
    public static final int DEFAULT = 10;

    private final Function<? super Question, ? extends Reading> reader;
    private final int most;
    private final Map<String, Semaphore> servers = new ConcurrentHashMap<>();

    /**
     * @param reader takes one reading, blocking, and ends early when it is interrupted
     * @param most readings at a time of one server
     */
    public ServerLimit(Function<? super Question, ? extends Reading> reader, int most) {
        this.reader = reader;
        this.most = most;
    }

    /** Blocks until it is this reading's turn, first come, first served, and then as the reader does. */
    public Reading read(Question question) {
        Semaphore server = servers.computeIfAbsent(
                question.credentials().host() + ":" + question.credentials().port(), _ -> new Semaphore(most, true));
        try {
            server.acquire();
        } catch (InterruptedException unwanted) {
            // Nobody waits for the answer any more; the reader sees that, too, and ends at once.
            Thread.currentThread().interrupt();
            return reader.apply(question);
        }
        try {
            return reader.apply(question);
        } finally {
            server.release();
        }
    }
}
