package dev.dbmigrations.faults;

import dev.dbmigrations.faults.ApiWatch.Seen;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/** Prints how long it took from the end of an outage to the next Job, and to the target; docs/reliability.md has it. */
final class Recovery {

    private record Beginning(Instant at, int jobs) {}

    private final String outage;
    private final Map<Stage, Beginning> beginnings = new HashMap<>();

    Recovery(String outage) {
        this.outage = outage;
    }

    /** The outage is over. */
    void begins(Stage stage) {
        beginnings.put(stage, new Beginning(Instant.now(), stage.jobsMade().size()));
    }

    /** The resource is at its target. */
    void ends(Stage stage) {
        Beginning began = Objects.requireNonNull(beginnings.get(stage));
        Instant end = stage.atTargetSince(began.at()).orElseThrow();
        Instant worked = stage.jobsMade().stream()
                .skip(began.jobs())
                .findFirst()
                .map(Seen<Job>::at)
                .orElse(end);
        System.out.printf(
                "recovery: %s, %s s to the next Job, %s s to the target%n",
                outage, seconds(began.at(), worked), seconds(began.at(), end));
    }

    private static String seconds(Instant from, Instant to) {
        return "%.1f".formatted(Duration.between(from, to).toMillis() / 1e3);
    }
}
