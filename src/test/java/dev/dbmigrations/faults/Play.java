package dev.dbmigrations.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.faults.ApiWatch.Seen;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.awaitility.core.ConditionTimeoutException;

/**
 * One scenario, played to its end under some faults.
 *
 * @param end how it ended
 * @param calls what the operator asked of the API server, all its instances together
 * @param operators how many instances there were
 */
record Play(End end, List<Call> calls, int operators) {

    /** Nothing happens any more when nothing was written for so long. */
    private static final Duration QUIET = Duration.ofMillis(700);

    /** Plays it, and fails with all that is known where the oracle finds a violation. */
    static Play of(Scenario scenario, OperatorUnderTest.Plans faults) {
        Ground ground = Ground.shared();
        try (Stage stage = new Stage(scenario.atHead());
                OperatorUnderTest operator = new OperatorUnderTest(ground.upstream(), stage.namespace(), faults)) {
            try {
                scenario.script().accept(stage);
                stage.awaitResultTakenIn();
                awaitQuiet(operator);
                operator.stop();
                Evidence evidence = stage.evidence(operator.calls(), scenario.mayGoDown());
                assertThat(Oracle.violations(evidence)).isEmpty();
                return new Play(stage.end(), operator.calls(), operator.started());
            } catch (AssertionError | ConditionTimeoutException e) {
                throw new AssertionError(e.getMessage() + "\n" + account(stage, operator), e);
            }
        }
    }

    private static void awaitQuiet(OperatorUnderTest operator) {
        await("quiet")
                .atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(100))
                .during(QUIET)
                .until(new Unchanged(operator)::get);
    }

    /** Whether the newest operator runs and nothing was written since the last time somebody asked. */
    private static final class Unchanged {
        private final OperatorUnderTest operator;
        private long before = -1;

        Unchanged(OperatorUnderTest operator) {
            this.operator = operator;
        }

        boolean get() {
            long now = operator.calls().stream().filter(Call::isWrite).count() + operator.started();
            boolean unchanged = now == before && operator.isRunning();
            before = now;
            return unchanged;
        }
    }

    /** {@return what happened, for whoever has to find out why} */
    private static String account(Stage stage, OperatorUnderTest operator) {
        String writes = operator.calls().stream()
                .filter(Call::isWrite)
                .map(call -> call.at() + " " + call.what())
                .collect(Collectors.joining("\n"));
        Evidence evidence = stage.evidence(operator.calls(), Set.of());
        String statuses = evidence.versions().stream().map(Play::line).collect(Collectors.joining("\n"));
        String jobs = evidence.jobs().stream()
                .map(job -> job.at() + " " + job.object().getMetadata().getName() + " "
                        + job.object().getMetadata().getLabels())
                .collect(Collectors.joining("\n"));
        return "%s with %d operators\n-- writes\n%s\n-- statuses\n%s\n-- Jobs\n%s\n-- ledger\n%s\n-- remains\n%s"
                .formatted(
                        stage.namespace(),
                        operator.started(),
                        writes,
                        statuses,
                        jobs,
                        evidence.database().ledger(),
                        evidence.remains());
    }

    private static String line(Seen<DatabaseMigration> version) {
        DatabaseMigration resource = version.object();
        DatabaseMigrationStatus status = resource.getStatus();
        return "%s generation %d: observed %s, current %s, %s, attempt %s"
                .formatted(
                        version.at(),
                        resource.getMetadata().getGeneration(),
                        status.observedGeneration(),
                        status.currentRevisions(),
                        status.condition("Ready")
                                .map(ready -> ready.getReason() + " (" + ready.getMessage() + ")")
                                .orElse(""),
                        status.attempt());
    }
}
