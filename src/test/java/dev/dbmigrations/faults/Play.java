package dev.dbmigrations.faults;

import java.util.List;
import java.util.function.Supplier;

/**
 * One scenario, played to its end under some faults.
 *
 * @param end how it ended
 * @param calls what the operator asked of the API server, all its instances together
 * @param operators how many instances there were
 * @param account what happened, for people
 */
record Play(End end, List<Call> calls, int operators, String account) {

    /** Plays it, and fails with all that is known where the oracle finds a violation. */
    static Play of(Scenario scenario, OperatorUnderTest.Plans faults) {
        Ground ground = Ground.shared();
        return on(ground, () -> new Stage(ground, scenario.atHead()), scenario, faults);
    }

    /** The same with a database of the test's own. */
    static Play on(Ground ground, Supplier<Stage> place, Scenario scenario, OperatorUnderTest.Plans faults) {
        try (OnStage play = new OnStage(ground, place.get(), faults)) {
            play.follow(scenario.script());
            return new Play(
                    play.end(scenario.mayGoDown()),
                    play.operator().calls(),
                    play.operator().started(),
                    play.account());
        }
    }
}
