package dev.dbmigrations.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
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
        try (Stage stage = new Stage(ground, scenario.atHead());
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

    private static String account(Stage stage, OperatorUnderTest operator) {
        String writes = operator.calls().stream()
                .filter(Call::isWrite)
                .map(call -> call.at() + " " + call.what())
                .collect(Collectors.joining("\n"));
        return stage.account() + "\n-- writes of %d operators\n%s".formatted(operator.started(), writes);
    }
}
