package dev.dbmigrations.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.testing.OperatorImage;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.awaitility.core.ConditionTimeoutException;

/**
 * One fault in a cluster.
 *
 * @param name in the tests' names
 * @param values of the chart, beside those that all have
 * @param script what happens
 */
record ClusterCase(String name, Map<String, ?> values, Script script) {

    /** Where nothing is to go down. */
    ClusterCase(String name, Script script) {
        this(name, Map.of(), script);
    }

    /** What a user does, and what befalls; fails where it does not end as it must. */
    interface Script {
        void play(Scene scene);
    }

    /** {@return the cases that this run plays}; with {@code -Dfaults.only=} those whose names are like that. */
    static List<ClusterCase> drawn(List<ClusterCase> always, List<ClusterCase> more, String what) {
        boolean all = System.getProperty("faults.cases", "").equals("all");
        List<ClusterCase> drawn = Stream.concat(always.stream(), all ? more.stream() : Stream.empty())
                .filter(one -> one.name().matches(System.getProperty("faults.only", ".*")))
                .toList();
        System.out.printf("%s: %d of %d cases%n", what, drawn.size(), always.size() + more.size());
        return drawn;
    }

    /** Plays it, and has the oracle judge it. */
    void play(Ground ground) {
        ground.cluster().importImage(OperatorImage.name());
        try (Stage stage = new Stage(ground, false);
                Installation operator = new Installation(ground.cluster(), "dbmigrations", stage.namespace(), values)) {
            try {
                operator.awaitReady();
                script.play(new Scene(ground, stage, operator));
                stage.awaitResultTakenIn();
                stage.awaitQuiet();
                assertThat(Oracle.violations(stage.evidence(List.of(), Set.of())))
                        .isEmpty();
            } catch (AssertionError | ConditionTimeoutException e) {
                throw new AssertionError(e.getMessage() + "\n" + stage.account() + operator.account(), e);
            }
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
