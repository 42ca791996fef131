package dev.dbmigrations.job;

import dev.dbmigrations.api.AlembicSettings;
import dev.dbmigrations.api.Reason;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One attempt as the cluster shows it.
 *
 * @param job the Job's name
 * @param number of the attempt, from 1
 * @param generation the resource's generation that it was started for
 * @param asked what it was started to do
 * @param createdAt when the Job was created
 * @param imageDigest what the container runtime says that it runs; null while it says nothing
 * @param state where it stands
 */
public record SeenAttempt(
        String job,
        int number,
        long generation,
        Asked asked,
        Instant createdAt,
        @Nullable String imageDigest,
        State state) {

    /** What an attempt does. */
    public enum Kind {
        /** Brings the database to the target, with the spec's image. */
        Apply,
        /** Takes it down to the target, with the image that brought it where it is (rule 6). */
        Rollback,
        /** Renders what one of the others would run, and runs nothing (rule 7). */
        Plan,
        /** Compares the tables with the models, beside all that, and runs nothing. */
        Check
    }

    /**
     * What an attempt was started to do; the resource's spec may have moved on since.
     *
     * @param image the spec's, or the one that is rolled back with, as people know it
     * @param expected the rows that were decided on, sorted
     * @param mayDowngrade whether it has leave to go down (rule 5)
     * @param rollback whether it is with another image than the spec's (rule 6), to go there or to plan that
     * @param leave the plan that it runs; null where none was needed
     */
    public record Asked(
            Kind kind,
            String target,
            String image,
            AlembicSettings alembic,
            List<String> expected,
            boolean mayDowngrade,
            boolean rollback,
            @Nullable Leave leave) {

        /** Sorts the rows. */
        public Asked {
            expected = expected.stream().sorted().toList();
        }
    }

    /** Where an attempt stands. */
    public sealed interface State {}

    /** There is no pod yet. */
    public record NoPod() implements State {}

    /** The cluster refuses to make the pod: quota, policy, a missing service account. */
    public record Rejected(String message) implements State {}

    /**
     * The container has not started.
     *
     * @param message what it waits for; null when nothing is wrong so far
     */
    public record Waiting(@Nullable String message) implements State {

        /** The kubelet's reasons for an image that it cannot have. */
        private static final List<String> NO_IMAGE =
                List.of("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName");

        /** {@return whether it waits for its image, which cannot be pulled} */
        public boolean forItsImage() {
            return message != null && NO_IMAGE.stream().anyMatch(message::startsWith);
        }
    }

    /**
     * The container runs, as far as is known.
     *
     * @param unheard since when nobody knows it for sure; null where its node tells
     */
    public record Running(@Nullable Unheard unheard) implements State {

        public Running() {
            this(null);
        }
    }

    /**
     * A pod whose node is silent: the node is lost perhaps, and the container works on perhaps.
     *
     * @param since when the node should have said that the pod has ended, or was found to say nothing
     */
    public record Unheard(String pod, String node, Instant since) {}

    /** The container ended and said how. */
    public record Ended(RunResult result) implements State {}

    /**
     * The container ended, or is gone, without a word.
     *
     * @param reason {@code Interrupted}, {@code PartiallyApplied}, {@code ImageUnusable} or {@code EnvironmentFailed}
     * @param started whether it may have touched the database
     */
    public record Died(Reason reason, String message, boolean started) implements State {}

    /** {@return the same attempt in another state} */
    public SeenAttempt in(State other) {
        return new SeenAttempt(job, number, generation, asked, createdAt, imageDigest, other);
    }

    /** {@return whether it is for a way down with another image than the spec's (rule 6)} */
    public boolean isRollback() {
        return asked.rollback();
    }

    /** {@return whether it runs nothing} */
    public boolean isPlan() {
        return asked.kind() == Kind.Plan;
    }

    /** {@return whether it only compares the tables with the models} */
    public boolean isCheck() {
        return asked.kind() == Kind.Check;
    }

    /** {@return whether nothing of it runs or will run any more} */
    public boolean over() {
        return state instanceof Ended || state instanceof Died;
    }

    /** {@return whether its container has not started: deleting the Job loses nothing} */
    public boolean neverStarted() {
        return state instanceof NoPod || state instanceof Rejected || state instanceof Waiting;
    }
}
