package dev.dbmigrations.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.awaitility.core.ConditionTimeoutException;

/** A stage and its operator, up to the oracle's judgement. */
final class OnStage implements AutoCloseable {

    /** Nothing happens any more when nothing was written for so long. */
    private static final Duration QUIET = Duration.ofMillis(700);

    private final Stage stage;
    private final OperatorUnderTest operator;

    OnStage(Ground ground, Stage stage, OperatorUnderTest.Plans faults) {
        this.stage = stage;
        operator = new OperatorUnderTest(ground.upstream(), stage.namespace(), faults);
    }

    /**
     * With an operator that nothing happens to.
     *
     * @param databases makes the database of that name
     */
    OnStage(Function<String, LedgerDatabase> databases) {
        this(Ground.shared(), new Stage(Ground.shared(), databases), instance -> Fault.Plan.NONE);
    }

    Stage stage() {
        return stage;
    }

    OperatorUnderTest operator() {
        return operator;
    }

    /** Plays the user; where that fails, all is told that is known. */
    void follow(Consumer<Stage> script) {
        try {
            script.accept(stage);
        } catch (AssertionError | ConditionTimeoutException e) {
            throw new AssertionError(e.getMessage() + "\n" + account(), e);
        }
    }

    /** {@return how it ended}; fails with all that is known where the oracle finds a violation. */
    End end(Set<String> mayGoDown) {
        follow(here -> {
            stage.awaitResultTakenIn();
            awaitQuiet(operator);
            operator.stop();
            assertThat(Oracle.violations(stage.evidence(operator.calls(), mayGoDown)))
                    .isEmpty();
        });
        return stage.end();
    }

    @Override
    public void close() {
        operator.close();
        stage.close();
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
    String account() {
        String writes = operator.calls().stream()
                .filter(Call::isWrite)
                .map(call -> call.at() + " " + call.what())
                .collect(Collectors.joining("\n"));
        return stage.account() + "\n-- writes of %d operators\n%s".formatted(operator.started(), writes);
    }
}
