package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.job.AttemptReading;
import dev.dbmigrations.job.Attempts;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Died;
import dev.dbmigrations.job.SeenAttempt.NoPod;
import dev.dbmigrations.job.SeenAttempt.Rejected;
import dev.dbmigrations.job.SeenAttempt.State;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What became of a resource's attempts: by the caches, and by the API server itself where these leave a doubt. */
final class AttemptsSeen {

    /** A Job without a pod for longer than this has events that say why. */
    private static final Duration POD_IS_DUE = Duration.ofSeconds(2);

    private final Attempts attempts;

    AttemptsSeen(Attempts attempts) {
        this.attempts = attempts;
    }

    /** {@return all attempts that the caches show or the status knows, newest first} */
    List<SeenAttempt> of(
            DatabaseMigration resource,
            DatabaseMigrationStatus status,
            Collection<Job> jobs,
            Collection<Pod> pods,
            Instant now) {
        String uid = resource.getMetadata().getUid();
        List<Job> ours = jobs.stream()
                .filter(job ->
                        job.getMetadata().getOwnerReferences().stream().anyMatch(owner -> uid.equals(owner.getUid())))
                .toList();
        Stream<SeenAttempt> shown = ours.stream()
                .flatMap(job -> read(job, pods, status).stream().map(attempt -> withRejection(job, attempt, now)));
        Stream<SeenAttempt> hidden = Begun.of(status).flatMap(known -> notShown(resource, known, ours, pods).stream());
        return Stream.concat(shown, hidden)
                .sorted(Comparator.comparingInt(SeenAttempt::number).reversed())
                .toList();
    }

    private Optional<SeenAttempt> read(Job job, Collection<Pod> pods, DatabaseMigrationStatus status) {
        return AttemptReading.read(job, pods)
                .flatMap(shown -> isDoubtful(shown, job, status)
                        ? AttemptReading.read(
                                job, attempts.pods(job.getMetadata().getNamespace(), shown.job()))
                        : Optional.of(shown));
    }

    /** The cache of pods may lag behind that of Jobs, and behind the status: then the API server itself is asked. */
    private static boolean isDoubtful(SeenAttempt shown, Job job, DatabaseMigrationStatus status) {
        boolean endsWithoutAWord =
                shown.state() instanceof Died && Begun.of(status).anyMatch(known -> isOf(known, job));
        boolean goesOnAfterItsEnd = !shown.over() && !shown.isCheck() && Observation.takenIn(status, shown);
        return endsWithoutAWord || goesOnAfterItsEnd;
    }

    private static boolean isOf(SeenAttempt attempt, Job job) {
        return job.getMetadata().getName().equals(attempt.job());
    }

    /** The attempt that the status knows and the cache does not: a cache that lags, or a Job that somebody deleted. */
    private Optional<SeenAttempt> notShown(
            DatabaseMigration resource, SeenAttempt known, List<Job> shown, Collection<Pod> pods) {
        if (shown.stream().anyMatch(job -> isOf(known, job))) {
            return Optional.empty();
        }
        Optional<SeenAttempt> live = attempts.get(resource, known.job()).flatMap(job -> AttemptReading.read(job, pods));
        State state = AttemptReading.withoutJob(known.job(), pods)
                .orElseGet(() -> new Died(
                        Reason.Interrupted,
                        "Job " + known.job()
                                + " is gone before it ended: it was deleted, or the operator was stopped in the"
                                + " moment of creating it",
                        true));
        return live.or(() -> Optional.of(known.in(state)));
    }

    private SeenAttempt withRejection(Job job, SeenAttempt attempt, Instant now) {
        // By the API server's clock, of which ours may be an hour behind.
        Duration age = Duration.between(attempt.createdAt(), now).abs();
        if (!(attempt.state() instanceof NoPod) || age.compareTo(POD_IS_DUE) < 0) {
            return attempt;
        }
        return attempts.rejection(job)
                .map(message -> attempt.in(new Rejected(message)))
                .orElse(attempt);
    }
}
