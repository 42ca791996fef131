package dev.dbmigrations.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.database.Reading.Unreachable;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Readings beside the loop. */
class ReadingsTest {

    private static final Reading READING = new Unreachable(Instant.EPOCH, "a reading");

    /** Questions in the order in which they were taken up; each waits for its answer. */
    private final BlockingQueue<Question> taken = new LinkedBlockingQueue<>();

    private final SynchronousQueue<Reading> answers = new SynchronousQueue<>();
    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();

    @Test
    void deliversTheAnswerAndTellsItsKey() throws InterruptedException {
        try (Readings<String> readings = readings()) {
            readings.ask("a", question("one"));
            assertThat(readings.latest("a")).isEmpty();

            answers.put(READING);

            assertThat(next(told)).isEqualTo("a");
            assertThat(readings.latest("a")).contains(new Answer(question("one"), READING));
            assertThat(readings.latest("b")).isEmpty();
        }
    }

    @Test
    void anEqualQuestionIsNotAskedTwiceAtATime() throws InterruptedException {
        try (Readings<String> readings = readings()) {
            readings.ask("a", question("one"));
            readings.ask("a", question("one"));
            assertThat(next(taken)).isEqualTo(question("one"));
            answers.put(READING);
            assertThat(next(told)).isEqualTo("a");

            readings.ask("a", question("one"));
            assertThat(next(taken)).as("asked again, after the answer").isEqualTo(question("one"));
            assertThat(taken).isEmpty();
        }
    }

    @Test
    void ofDifferentQuestionsTheNewestIsNext() throws InterruptedException {
        try (Readings<String> readings = readings()) {
            readings.ask("a", question("one"));
            readings.ask("a", question("two"));
            readings.ask("a", question("three"));
            assertThat(next(taken)).isEqualTo(question("one"));
            assertThat(taken).as("one in flight per key").isEmpty();

            answers.put(READING);
            assertThat(next(taken)).isEqualTo(question("three"));
            answers.put(READING);
            next(told);
            next(told);

            assertThat(readings.latest("a")).contains(new Answer(question("three"), READING));
            assertThat(taken).isEmpty();
        }
    }

    @Test
    void askingTheQuestionInFlightAgainDropsTheOneThatWaits() throws InterruptedException {
        try (Readings<String> readings = readings()) {
            readings.ask("a", question("one"));
            readings.ask("a", question("two"));
            readings.ask("a", question("one"));
            next(taken);

            answers.put(READING);
            next(told);

            assertThat(taken).isEmpty();
            assertThat(readings.latest("a")).contains(new Answer(question("one"), READING));
        }
    }

    @Test
    void aBugInAReadingIsAReading() throws InterruptedException {
        try (Readings<String> readings = new Readings<>(
                question -> {
                    throw new StackOverflowError("carol");
                },
                told::add)) {
            readings.ask("a", question("one"));

            assertThat(next(told)).isEqualTo("a");
            assertThat(readings.latest("a").orElseThrow().reading())
                    .isInstanceOfSatisfying(
                            Unreachable.class,
                            reading -> assertThat(reading.message())
                                    .contains("StackOverflowError")
                                    .doesNotContain("carol"));
        }
    }

    @Test
    void aBugInTheListenerStopsNothing() throws InterruptedException {
        try (Readings<String> readings = new Readings<>(question -> READING, key -> {
            told.add(key);
            throw new IllegalStateException("a bug");
        })) {
            readings.ask("a", question("one"));
            assertThat(next(told)).isEqualTo("a");
            readings.ask("a", question("two"));
            assertThat(next(told)).isEqualTo("a");
        }
    }

    @Test
    void nothingIsToldOfAForgottenKey() throws InterruptedException {
        List<String> ended = new CopyOnWriteArrayList<>();
        CountDownLatch started = new CountDownLatch(1);
        try (Readings<String> readings = new Readings<>(
                question -> {
                    started.countDown();
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException interrupted) {
                        ended.add("interrupted");
                    }
                    return READING;
                },
                told::add)) {
            readings.ask("a", question("one"));
            started.await();

            readings.forget("a");

            await().until(() -> ended.contains("interrupted"));
            assertThat(readings.latest("a")).isEmpty();
            assertThat(told).isEmpty();
        }
    }

    @Test
    void nothingIsAskedAfterTheEnd() {
        Readings<String> readings = readings();
        readings.close();
        readings.ask("a", question("one"));

        assertThat(taken).isEmpty();
    }

    @Test
    void aThousandDatabasesThatDoNotAnswerHoldNobodyUp() throws Exception {
        Timeouts patient = new Timeouts(Duration.ofMinutes(5), Duration.ofMinutes(5), Duration.ofMinutes(5));
        RevisionReader reader = new RevisionReader(patient, Clock.systemUTC());
        try (FakeServer silent = FakeServer.thatIsSilent();
                FakeServer other = FakeServer.that(java.net.Socket::close);
                Readings<Integer> readings = new Readings<>(reader::read, key -> told.add(key.toString()))) {
            IntStream.range(0, 1_000).forEach(key -> readings.ask(key, question(silent.credentials())));
            await().atMost(Duration.ofMinutes(1)).until(() -> silent.accepted() == 1_000);

            readings.ask(1_000, question(other.credentials()));

            assertThat(told.poll(1, TimeUnit.MINUTES)).isEqualTo("1000");
            assertThat(readings.latest(1_000)).isPresent();
            assertThat(IntStream.range(0, 1_000)
                            .filter(key -> readings.latest(key).isPresent()))
                    .as("the thousand are unanswered still")
                    .isEmpty();
        }
    }

    @Test
    void aThousandNamesThatAreNotResolvedHoldNobodyUp() throws Exception {
        Timeouts patient = new Timeouts(Duration.ofMinutes(5), Duration.ofMinutes(5), Duration.ofMinutes(5));
        CountDownLatch lookingUp = new CountDownLatch(1_000);
        CountDownLatch never = new CountDownLatch(1);
        HostNames.Resolver resolver = host -> {
            if (host.startsWith("hangs")) {
                // The JDK's own look-up would keep one of a few carriers, which a latch does not.
                assertThat(Thread.currentThread().isVirtual()).isFalse();
                lookingUp.countDown();
                awaitUninterrupted(never);
            }
            return new InetAddress[] {InetAddress.getLoopbackAddress()};
        };
        RevisionReader reader = new RevisionReader(patient, Clock.systemUTC(), resolver);
        try (FakeServer other = FakeServer.that(java.net.Socket::close);
                Readings<Integer> readings = new Readings<>(reader::read, key -> told.add(key.toString()))) {
            int port = other.credentials().port();
            IntStream.range(0, 1_000).forEach(key -> readings.ask(key, question(host("hangs-" + key, port))));
            assertThat(lookingUp.await(1, TimeUnit.MINUTES)).isTrue();

            readings.ask(1_000, question(host("good", port)));

            assertThat(told.poll(1, TimeUnit.MINUTES)).isEqualTo("1000");
            assertThat(IntStream.range(0, 1_000)
                            .filter(key -> readings.latest(key).isPresent()))
                    .isEmpty();
        } finally {
            never.countDown();
        }
    }

    private Readings<String> readings() {
        return new Readings<>(
                question -> {
                    taken.add(question);
                    try {
                        return answers.take();
                    } catch (InterruptedException interrupted) {
                        return READING;
                    }
                },
                told::add);
    }

    private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        T next = queue.poll(1, TimeUnit.MINUTES);
        assertThat(next).isNotNull();
        return next;
    }

    private static Question question(String database) {
        return question(new Credentials("db", 5432, "carol", "pa55word", database, SslMode.PREFER, null));
    }

    private static Question question(Credentials credentials) {
        return new Question(credentials, Optional.empty(), Optional.empty(), Optional.empty());
    }

    private static Credentials host(String host, int port) {
        return new Credentials(host, port, "carol", "pa55word", "app", SslMode.DISABLE, null);
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
