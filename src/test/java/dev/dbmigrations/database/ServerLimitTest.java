package dev.dbmigrations.database;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.database.Reading.Unreachable;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** One server gets a few readings at a time; other servers are nothing to it. */
class ServerLimitTest {

    private final AtomicInteger underWay = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    /** Each reading says so when it begins, and ends when it is let go; those of the host "quick" end by themselves. */
    private final Semaphore begun = new Semaphore(0);

    private final Semaphore letGo = new Semaphore(0);
    private final ServerLimit limit = new ServerLimit(this::reading, 3);

    @Test
    void aServerGetsThreeReadingsAtATime() throws InterruptedException {
        Thread[] readings = ask("slow", 20);
        for (int ended = 0; ended < 20; ended++) {
            assertThat(begun.tryAcquire(1, TimeUnit.MINUTES)).isTrue();
            letGo.release();
        }
        for (Thread reading : readings) {
            reading.join();
        }

        assertThat(most).hasValueLessThanOrEqualTo(3);
    }

    @Test
    void aServerDoesNotWaitForAnother() throws InterruptedException {
        Thread[] waiting = ask("slow", 20);
        assertThat(begun.tryAcquire(3, 1, TimeUnit.MINUTES)).isTrue();

        assertThat(limit.read(question("quick"))).isInstanceOf(Unreachable.class);

        letGo.release(20);
        for (Thread reading : waiting) {
            reading.join();
        }
    }

    @Test
    void anUnwantedReadingLeavesTheQueueAtOnce() throws InterruptedException {
        Thread[] first = ask("slow", 3);
        assertThat(begun.tryAcquire(3, 1, TimeUnit.MINUTES)).isTrue();
        Thread unwanted = ask("slow", 1)[0];

        unwanted.interrupt();
        unwanted.join();

        letGo.release(3);
        for (Thread reading : first) {
            reading.join();
        }
    }

    private Thread[] ask(String host, int times) {
        return IntStream.range(0, times)
                .mapToObj(_ -> Thread.ofVirtual().start(() -> limit.read(question(host))))
                .toArray(Thread[]::new);
    }

    private Reading reading(Question question) {
        if (question.credentials().host().equals("slow")) {
            most.accumulateAndGet(underWay.incrementAndGet(), Math::max);
            begun.release();
            try {
                letGo.acquire();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
            underWay.decrementAndGet();
        }
        return new Unreachable(Instant.EPOCH, "a reading");
    }

    private static Question question(String host) {
        return new Question(
                new Credentials(host, 5432, "carol", "pa55word", "app", SslMode.PREFER, null),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }
}
