package dev.dbmigrations.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DowngradePolicy;
import dev.dbmigrations.reconcile.SimulatedAttempt.Runner;
import java.time.Duration;
import java.time.Instant;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** How long it takes at most, in simulated time, until work goes on and until a failure shows (L2, L4). */
@NullMarked
class TimeBoundsTest {

    private static final Duration WORK_RESUMES = Duration.ofSeconds(60);
    private static final Duration FAILURE_SHOWS = Duration.ofSeconds(5);
    private static final Duration LONG_ENOUGH = Duration.ofHours(1);

    private final SimulatedWorld world = new SimulatedWorld(Runner.AS_IT_IS);
    private final SimulatedOperator operator = new SimulatedOperator(world, Decide::decide);

    /** What is away for a while. */
    enum Outage {
        DATABASE {
            @Override
            void begins(SimulatedWorld world) {
                world.database.reachable = false;
            }

            @Override
            void ends(SimulatedWorld world) {
                world.database.reachable = true;
            }
        },
        SECRET {
            @Override
            void begins(SimulatedWorld world) {
                world.secretExists = false;
            }

            @Override
            void ends(SimulatedWorld world) {
                world.secretExists = true;
            }
        },
        QUOTA {
            @Override
            void begins(SimulatedWorld world) {
                world.jobsAreRefused = true;
            }

            @Override
            void ends(SimulatedWorld world) {
                world.jobsAreRefused = false;
            }
        },
        NODES {
            @Override
            void during(SimulatedWorld world) {
                world.attemptDies(1);
            }
        };

        void begins(SimulatedWorld world) {}

        void during(SimulatedWorld world) {}

        void ends(SimulatedWorld world) {}
    }

    static Stream<Arguments> outages() {
        return Stream.of(Outage.values())
                .flatMap(outage -> Stream.of("PT1S", "PT10S", "PT1M", "PT10M", "PT6H")
                        .flatMap(time -> Stream.of(true, false)
                                .map(inMidRun -> Arguments.of(outage, Duration.parse(time), inMidRun))));
    }

    @ParameterizedTest(name = "{0} away for {1}, in mid-run: {2}")
    @MethodSource("outages")
    void workResumesAfterAnOutage(Outage outage, Duration time, boolean inMidRun) {
        if (inMidRun) {
            wants("r2");
            runs(() -> world.database.at == 1);
        }
        outage.begins(world);
        if (!inMidRun) {
            wants("r2");
        }
        SimulatedHistory.run(world, operator, time, () -> {
            outage.during(world);
            return false;
        });
        outage.ends(world);

        Instant end = world.now;
        runs(() -> world.attempts.stream().anyMatch(attempt -> !attempt.over()) || world.says("Ready"));
        assertThat(Duration.between(end, world.now)).isLessThanOrEqualTo(WORK_RESUMES);
        runs(() -> world.says("Ready"));
        assertThat(world.isAtTarget()).isTrue();
    }

    @Test
    void aTerminalFailureShowsAndAMendedSpecLeavesIt() {
        world.imageFails = true;
        wants("r2");
        runs(() -> world.attempts.stream().anyMatch(SimulatedAttempt::over));

        Instant end = world.now;
        runs(() -> world.says("Stalled"));
        assertThat(Duration.between(end, world.now)).isLessThanOrEqualTo(FAILURE_SHOWS);

        world.imageFails = false;
        wants("r1");
        runs(() -> world.says("Ready"));
    }

    private void wants(String target) {
        world.wants(target, "v5", null, DowngradePolicy.Requested, false);
        operator.seesTheResource();
    }

    private void runs(BooleanSupplier until) {
        SimulatedHistory.run(world, operator, LONG_ENOUGH, until);
        assertThat(until.getAsBoolean()).as("%s", world.status.conditions()).isTrue();
    }
}
