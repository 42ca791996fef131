package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.database.Progress;
import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Died;
import dev.dbmigrations.job.SeenAttempt.Ended;
import dev.dbmigrations.job.SeenAttempt.NoPod;
import dev.dbmigrations.job.SeenAttempt.Rejected;
import dev.dbmigrations.job.SeenAttempt.Running;
import dev.dbmigrations.job.SeenAttempt.Unheard;
import dev.dbmigrations.job.SeenAttempt.Waiting;
import dev.dbmigrations.reconcile.Decision.Await;
import dev.dbmigrations.reconcile.Decision.Discard;
import dev.dbmigrations.reconcile.Decision.Look;
import dev.dbmigrations.reconcile.Decision.PlanAnew;
import dev.dbmigrations.reconcile.Decision.Settle;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The rules while an attempt is under way. Pure. */
final class UnderWay {

    private static final Duration A_WHILE = Duration.ofSeconds(15);

    private UnderWay() {}

    /** One attempt at a time (rule 2): whatever the spec says by now, what runs ends by itself. */
    static Decision decide(Observation seen, SeenAttempt attempt, Instant now) {
        // The database knows the end before the cluster does: at the target, and nobody works in it any more.
        // An attempt for an older spec only comes by there.
        if (seen.reading().orElse(null) instanceof AtRevisions current
                && attempt.generation() == seen.generation()
                && !attempt.isPlan()
                && current.at().isAfter(attempt.createdAt())
                && !current.busy()
                && current.invalidIndexes().isEmpty()
                && !current.revisions().equals(attempt.asked().expected())
                && Decide.reached(seen, current)) {
            return new Settle(current, Optional.empty());
        }
        if (settledEarly(seen, attempt) && !(seen.reading().orElse(null) instanceof AtRevisions)) {
            return new Look();
        }
        if (attempt.generation() != seen.generation() && mayWaitForEver(attempt)) {
            return new Discard(attempt);
        }
        if (Planning.imageIsGone(attempt)) {
            return planAnew(seen, attempt, now);
        }
        Reason atWork = attempt.isPlan() ? Reason.Planning : Reason.Applying;
        return switch (attempt.state()) {
            case NoPod none -> new Await(attempt, atWork, "waiting for the pod of Job " + attempt.job());
            case Rejected why -> new Await(attempt, Reason.PodRejected, why.message());
            case Waiting waiting
            when waiting.forItsImage() && attempt.isRollback() ->
                new Await(
                        attempt,
                        Reason.WaitingForPod,
                        Rollback.imageMissing(seen, attempt, String.valueOf(waiting.message())));
            case Waiting waiting
            when waiting.message() != null -> new Await(attempt, Reason.WaitingForPod, waiting.message());
            case Waiting waiting
            when seen.secret() instanceof SecretState.Missing missing ->
                new Await(
                        attempt,
                        Reason.WaitingForPod,
                        "the pod of Job " + attempt.job() + " cannot start: " + missing.message());
            case Waiting waiting -> new Await(attempt, atWork, "the pod of Job " + attempt.job() + " is starting");
            case Running(Unheard unheard)
            when isSilent(unheard, now) -> new Await(attempt, Reason.WaitingForPod, silence(seen, attempt, unheard));
            case Running running
            when attempt.isPlan() ->
                new Await(
                        attempt,
                        Reason.Planning,
                        PlanWords.planning(
                                attempt.job(),
                                attempt.asked().expected(),
                                attempt.asked().target()));
            case Running running -> running(seen, attempt);
            case Ended ended -> throw new IllegalArgumentException("an attempt that is over is not under way");
            case Died died -> throw new IllegalArgumentException("an attempt that is over is not under way");
        };
    }

    /**
     * Whether something is in its container's way. Where nothing is, it starts at any moment, and the cluster may show
     * that only when it has moved the database: then its word would be lost with it.
     */
    private static boolean mayWaitForEver(SeenAttempt attempt) {
        return attempt.state() instanceof Rejected
                || (attempt.state() instanceof Waiting waiting && waiting.message() != null);
    }

    /** A node has a while to say that a pod has ended, and to say that it is there again. */
    private static boolean isSilent(@Nullable Unheard unheard, Instant now) {
        return unheard != null && unheard.since().plus(A_WHILE).isBefore(now);
    }

    private static String silence(Observation seen, SeenAttempt attempt, Unheard unheard) {
        return "node %s has not been heard of since %s: pod %s of Job %s may work on there, so nothing else is started;"
                        .formatted(unheard.node(), unheard.since(), unheard.pod(), attempt.job())
                // The pod alone would stay: its Job keeps it until its node has spoken.
                + " where the node is gone for good, say so: kubectl delete job/%s pod/%s --namespace %s --force"
                        .formatted(
                                attempt.job(),
                                unheard.pod(),
                                seen.name().getNamespace().orElseThrow());
    }

    private static Decision planAnew(Observation seen, SeenAttempt attempt, Instant now) {
        String message = "the very image that was planned with is gone, and image "
                + attempt.asked().image() + " may mean another one by now: a new plan is made";
        return new PlanAnew(
                attempt, Failures.ofAttempt(seen, attempt, Reason.ImageChanged, message, Optional.empty(), now));
    }

    /** A run says that it waits until it has prepared itself: for a moment it waits for a lock that it has. */
    private static boolean heldByAnother(AtRevisions current, String uid, SeenAttempt attempt) {
        String own = "dbmigrations/" + uid + "/" + attempt.number();
        return current.lockHolder()
                .filter(session -> !session.applicationName().equals(own)
                        && !session.applicationName().startsWith(own + "/"))
                .isPresent();
    }

    /** Whether the database's word was taken for this attempt's end, before the cluster had noticed it. */
    private static boolean settledEarly(Observation seen, SeenAttempt attempt) {
        DatabaseMigrationStatus.Attempt known = seen.status().attempt();
        return known != null
                && known.number() == attempt.number()
                && observed(seen) == seen.generation()
                && seen.status()
                        .condition("Ready")
                        .filter(ready -> "True".equals(ready.getStatus()))
                        .isPresent();
    }

    private static Decision running(Observation seen, SeenAttempt attempt) {
        String doing = "Job " + attempt.job() + " is bringing the database to "
                + attempt.asked().target()
                + (attempt.isRollback() ? " with image " + attempt.asked().image() : "");
        if (seen.reading().orElse(null) instanceof AtRevisions current) {
            Progress progress = current.progress().orElse(null);
            if (progress instanceof Progress.Waiting && heldByAnother(current, seen.uid(), attempt)) {
                String holder = current.lockHolder()
                        .map(session -> "; session " + session.pid() + " (" + session.applicationName() + ") has it")
                        .orElse("");
                return new Await(
                        attempt,
                        Reason.WaitingForLock,
                        "Job " + attempt.job() + " waits for the database's lock" + holder);
            }
            if (progress instanceof Progress.Executed executed && executed.total() > 0) {
                return new Await(attempt, Reason.Applying, doing + ": " + ProgressWords.of(executed));
            }
        }
        return new Await(attempt, Reason.Applying, doing);
    }

    private static long observed(Observation seen) {
        Long observed = seen.status().observedGeneration();
        return observed == null ? -1 : observed;
    }
}
