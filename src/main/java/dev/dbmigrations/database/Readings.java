package dev.dbmigrations.database;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Readings taken beside the loop, each on a virtual thread of its own, one in flight per key. Nobody here waits for a
 * database, and no database waits for another.
 *
 * @param <K> what a reading is for
 */
public final class Readings<K> implements AutoCloseable {

    private final Function<? super Question, ? extends Reading> reader;
    private final Consumer<? super K> listener;
    private final Map<K, Answer> latest = new ConcurrentHashMap<>();

    /**
     * @param reader takes one reading, blocking: {@link RevisionReader#read}
     * @param listener is told the key whenever an answer has arrived, on the reading's thread
     */
    public Readings(Function<? super Question, ? extends Reading> reader, Consumer<? super K> listener) {
        this.reader = reader;
        this.listener = listener;
    }

    /**
     * Asks, and returns at once. Does nothing while an equal question is in flight; while another one is, this one
     * waits until that is answered, in the place of any that waits already.
     */
    public void ask(K key, Question question) {
        latest.put(key, new Answer(question, reader.apply(question)));
        listener.accept(key);
    }

    /** {@return the newest answer; compare its question with yours} */
    public Optional<Answer> latest(K key) {
        return Optional.ofNullable(latest.get(key));
    }

    /** Forgets everything about the key, a reading in flight included. */
    public void forget(K key) {
        latest.remove(key);
    }

    /** Ends what is in flight; nothing is asked or told any more. */
    @Override
    public void close() {
        latest.clear();
    }
}
