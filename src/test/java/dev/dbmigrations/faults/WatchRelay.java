package dev.dbmigrations.faults;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Passes the events of one watch on, each a line, as late and for as long as the fault says. */
final class WatchRelay {

    private static final long OFTEN = 20;

    private static final String GONE = """
            {"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",\
            "message":"too old resource version","reason":"Expired","code":410}}""";

    private final InputStream from;
    private final OutputStream to;
    private final Fault fault;
    private final BooleanSupplier dead;
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();

    /** @param line nothing at the end of the watch */
    private record Event(Optional<String> line, Instant at) {}

    WatchRelay(InputStream from, OutputStream to, Fault fault, BooleanSupplier dead) {
        this.from = from;
        this.to = to;
        this.fault = fault;
        this.dead = dead;
    }

    /** Returns when either end has closed, or when the fault closes the watch. */
    void run() throws IOException, InterruptedException {
        Thread.ofVirtual().name("watch").start(this::read);
        Instant opened = Instant.now();
        while (!dead.getAsBoolean()) {
            if (fault instanceof Fault.Closed(var after, var gone) && isOver(opened, after)) {
                if (gone) {
                    write(GONE);
                }
                return;
            }
            Event event = events.poll(OFTEN, TimeUnit.MILLISECONDS);
            if (event == null) {
                continue;
            }
            while (isHeld(event) && !dead.getAsBoolean()) {
                Thread.sleep(OFTEN);
            }
            if (event.line().isEmpty() || dead.getAsBoolean()) {
                return;
            }
            write(event.line().get());
        }
    }

    private void write(String line) throws IOException {
        to.write((inAscii(line) + "\n").getBytes(StandardCharsets.US_ASCII));
        to.flush();
    }

    /** Fabric8 7.8's watch by plain HTTP puts a NUL after each buffer for each byte that its characters have too many. */
    private static String inAscii(String json) {
        StringBuilder ascii = new StringBuilder(json.length());
        json.chars().forEach(c -> {
            if (c < 128) {
                ascii.append((char) c);
            } else {
                ascii.append("\\u%04x".formatted(c));
            }
        });
        return ascii.toString();
    }

    private void read() {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                events.add(new Event(Optional.of(line), Instant.now()));
            }
        } catch (IOException e) {
            // As good as its end.
        } finally {
            events.add(new Event(Optional.empty(), Instant.now()));
        }
    }

    private boolean isHeld(Event event) {
        return switch (fault) {
            case Fault.Lagging(var by) -> !isOver(event.at(), by);
            case Fault.Frozen(var still) -> still.getAsBoolean();
            default -> false;
        };
    }

    private static boolean isOver(Instant since, Duration time) {
        return !since.plus(time).isAfter(Instant.now());
    }
}
