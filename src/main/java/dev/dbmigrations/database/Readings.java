package dev.dbmigrations.database;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Readings taken beside the loop, each on a virtual thread of its own, one in flight per key. Nobody here waits for a
 * database, and no database waits for another.
 *
 * @param <K> what a reading is for
 */
public final class Readings<K> implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Readings.class);

    private final Function<? super Question, ? extends Reading> reader;
    private final Consumer<? super K> listener;
    private final Map<K, Entry> entries = new HashMap<>();
    private boolean closed;

    /** What is known and under way for one key. Guarded by the readings' monitor. */
    private static final class Entry {
        private @Nullable Answer latest;
        private @Nullable Question asking;
        private @Nullable Thread thread;
        private @Nullable Question waiting;
    }

    /**
     * @param reader takes one reading, blocking, and ends early when it is interrupted: {@link RevisionReader#read}
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
    public synchronized void ask(K key, Question question) {
        if (closed) {
            return;
        }
        Entry entry = entries.computeIfAbsent(key, _ -> new Entry());
        if (entry.asking == null) {
            start(key, entry, question);
        } else {
            entry.waiting = entry.asking.equals(question) ? null : question;
        }
    }

    /** {@return the newest answer; compare its question with yours} */
    public synchronized Optional<Answer> latest(K key) {
        return Optional.ofNullable(entries.get(key)).map(entry -> entry.latest);
    }

    /** Forgets everything about the key; nothing is told of a reading in flight any more. */
    public synchronized void forget(K key) {
        Entry entry = entries.remove(key);
        if (entry != null && entry.thread != null) {
            entry.thread.interrupt();
        }
    }

    /** Forgets every key; nothing is asked or told any more. */
    @Override
    public synchronized void close() {
        closed = true;
        Map.copyOf(entries).keySet().forEach(this::forget);
    }

    private void start(K key, Entry entry, Question question) {
        entry.asking = question;
        entry.thread = Thread.ofVirtual().name("reading").start(() -> {
            Reading reading = read(question);
            if (arrived(key, entry, new Answer(question, reading))) {
                tell(key);
            }
        });
    }

    private Reading read(Question question) {
        try {
            return reader.apply(question);
        } catch (Throwable bug) {
            LOG.error("reading {} ended in a bug", question.credentials(), bug);
            return new Failures(question.credentials()).ofBug(bug, Instant.now());
        }
    }

    /** {@return whether anybody still wants this answer} */
    private synchronized boolean arrived(K key, Entry entry, Answer answer) {
        if (entries.get(key) != entry) {
            return false;
        }
        entry.latest = answer;
        entry.asking = null;
        entry.thread = null;
        Question next = entry.waiting;
        if (next != null) {
            entry.waiting = null;
            start(key, entry, next);
        }
        return true;
    }

    private void tell(K key) {
        try {
            listener.accept(key);
        } catch (Throwable bug) {
            LOG.error("telling {} of a reading ended in a bug", key, bug);
        }
    }
}
