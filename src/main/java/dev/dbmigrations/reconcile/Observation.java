package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DatabaseMigrationStatus.LastFailure;
import dev.dbmigrations.api.DowngradePolicy;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.database.Reading;
import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.NoPod;
import dev.dbmigrations.job.SeenAttempt.Running;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * All that is known about one resource at one moment.
 *
 * @param name the resource's, with its namespace
 * @param uid the resource's
 * @param generation the resource's, which its status may not have caught up with
 * @param specSeenAt when this generation was first seen: what was read before says nothing of it
 * @param retry value of the retry annotation
 * @param spec as it counts: what the resource asks for, made stricter where the operator's policy says so
 * @param greatestDowngrade the widest {@code downgrade} that this policy lets count for the resource
 * @param status as it was last written; the only memory
 * @param reading the latest look at the database of this Secret
 * @param askedAt since when an answer of the database is waited for
 * @param attempts the resource's Jobs that move the database or plan that, newest first
 * @param checks its Jobs that only compare tables with models, newest first: they are in nobody's way
 * @param newestEndSeenAt when the newest attempt was first seen to be over; empty while it is not
 * @param planIsKept whether the ConfigMap of the status' plan is there
 * @param approvals of plans of this resource
 * @param owner the older resource that the database belongs to, where there is one (rule 12)
 */
public record Observation(
        ResourceID name,
        String uid,
        long generation,
        Instant specSeenAt,
        Optional<String> retry,
        DatabaseMigrationSpec spec,
        DowngradePolicy greatestDowngrade,
        DatabaseMigrationStatus status,
        SecretState secret,
        Optional<Reading> reading,
        Optional<Instant> askedAt,
        List<SeenAttempt> attempts,
        List<SeenAttempt> checks,
        Optional<Instant> newestEndSeenAt,
        boolean planIsKept,
        List<Approval> approvals,
        Optional<Owner> owner) {

    public Observation {
        attempts = List.copyOf(attempts);
        checks = List.copyOf(checks);
        approvals = List.copyOf(approvals);
    }

    /** {@return the newest attempt that the cluster still shows} */
    public Optional<SeenAttempt> newest() {
        return attempts.stream().findFirst();
    }

    /** {@return the newest attempt that is not over; an older one counts as well (rule 2)} */
    public Optional<SeenAttempt> underWay() {
        return attempts.stream()
                .filter(attempt -> !attempt.over() && !failedBefore(attempt))
                .findFirst()
                .map(attempt -> attempt.neverStarted() && isAtWork(attempt) ? attempt.in(new Running()) : attempt);
    }

    /** Its failure was taken in, then its pod was removed, and the Job has not noticed yet: nothing begins anew. */
    private boolean failedBefore(SeenAttempt attempt) {
        LastFailure failure = status.lastFailure();
        return attempt.state() instanceof NoPod
                && takenIn(attempt)
                && failure != null
                && attempt.job().equals(failure.job())
                && failure.reason() != Reason.ImageChanged;
    }

    /** The database shows a run's session before the caches show its container: only the attempt under way is asked for. */
    private boolean isAtWork(SeenAttempt attempt) {
        return reading.orElse(null) instanceof AtRevisions current
                && current.progress().isPresent()
                && current.at().isAfter(attempt.createdAt());
    }

    /** {@return whether the status has taken in how this attempt ended} */
    public boolean takenIn(SeenAttempt attempt) {
        return takenIn(status, attempt);
    }

    static boolean takenIn(DatabaseMigrationStatus status, SeenAttempt attempt) {
        DatabaseMigrationStatus.Attempt known = status.attempt();
        return known != null
                && (known.number() > attempt.number()
                        || (known.number() == attempt.number() && known.endedAt() != null));
    }

    /** {@return the number of the next attempt: never one that was used, whichever of Job and status remembers it} */
    public int nextAttempt() {
        DatabaseMigrationStatus.Attempt known = status.attempt();
        DatabaseMigrationStatus.Comparison compared = status.modelCheck();
        IntStream remembered =
                IntStream.of(known == null ? 0 : known.number(), compared == null ? 0 : compared.attempt());
        IntStream shown = Stream.concat(attempts.stream(), checks.stream()).mapToInt(SeenAttempt::number);
        return IntStream.concat(remembered, shown).max().orElse(0) + 1;
    }

    /** {@return the Secret's resource version, where there is a Secret} */
    public Optional<String> secretVersion() {
        return switch (secret) {
            case SecretState.Present present -> Optional.of(present.version());
            case SecretState.Invalid invalid -> Optional.of(invalid.version());
            case SecretState.Missing missing -> Optional.empty();
        };
    }
}
