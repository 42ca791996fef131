package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.AlembicSettings;
import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DatabaseMigrationStatus.LastFailure;
import dev.dbmigrations.api.DatabaseMigrationStatus.VersionTable;
import dev.dbmigrations.api.PlanStatus;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.database.Question;
import dev.dbmigrations.database.Reading;
import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.database.TableName;
import dev.dbmigrations.job.Attempts;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.reconcile.SecretState.Present;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Gathers what is known about one resource, and asks for what should be known better. Never waits for a database. */
final class Observer {

    private static final Duration SECRET_IS_GOOD_FOR = Duration.ofSeconds(1);

    private final Secrets secrets;
    private final DatabaseReadings readings;
    private final AttemptsSeen attempts;
    private final Policy policy;
    private final Plans plans;
    private final Map<ResourceID, ReadSecret> secretsRead = new ConcurrentHashMap<>();
    private final Map<ResourceID, SeenEnd> endsSeen = new ConcurrentHashMap<>();
    private final Map<ResourceID, SeenSpec> specsSeen = new ConcurrentHashMap<>();

    private record ReadSecret(Object ref, SecretState state, Instant at) {}

    private record SeenEnd(String job, Instant at) {}

    private record SeenSpec(String uid, long generation, Instant at) {}

    Observer(Secrets secrets, DatabaseReadings readings, Attempts attempts, Plans plans, Policy policy) {
        this.secrets = secrets;
        this.readings = readings;
        this.attempts = new AttemptsSeen(attempts);
        this.plans = plans;
        this.policy = policy;
    }

    Observation observe(DatabaseMigration resource, Context<DatabaseMigration> context, Instant now) {
        ResourceID id = ResourceID.fromResource(resource);
        String namespace = resource.getMetadata().getNamespace();
        DatabaseMigrationStatus status =
                Objects.requireNonNullElse(resource.getStatus(), DatabaseMigrationStatus.EMPTY);
        List<SeenAttempt> all = attempts.of(
                resource,
                status,
                context.getSecondaryResources(Job.class),
                context.getSecondaryResources(Pod.class),
                now);
        List<SeenAttempt> seen =
                all.stream().filter(attempt -> !attempt.isCheck()).toList();
        SecretState secret = secret(id, resource, now);
        Optional<SeenAttempt> running =
                seen.stream().filter(attempt -> !attempt.over()).findFirst();
        Optional<Question> question = question(resource, status, secret, running);
        Optional<Reading> reading = question.flatMap(asked -> readings.latest(id, asked));
        Duration wanted = wantedAge(status, resource, running, now);
        if (question.isPresent()
                && reading.filter(r -> r.at().plus(wanted).isAfter(now)).isEmpty()) {
            readings.ask(id, question.get(), now);
        }
        DatabaseMigrationSpec spec = policy.applied(namespace, resource.getSpec());
        return new Observation(
                id,
                resource.getMetadata().getUid(),
                resource.getMetadata().getGeneration(),
                specSeen(id, resource, now),
                Optional.ofNullable(resource.getMetadata().getAnnotations())
                        .map(annotations -> annotations.get(DatabaseMigration.RETRY_ANNOTATION)),
                spec,
                policy.greatestDowngrade(namespace),
                status,
                secret,
                reading,
                readings.askedAt(id),
                seen,
                all.stream().filter(SeenAttempt::isCheck).toList(),
                endSeen(id, seen, now),
                planIsKept(resource, spec, status, reading),
                Approvals.of(resource, status, context),
                owner(resource, reading, context));
    }

    private static Optional<Owner> owner(
            DatabaseMigration resource, Optional<Reading> reading, Context<DatabaseMigration> context) {
        return reading.filter(AtRevisions.class::isInstance)
                .map(AtRevisions.class::cast)
                .flatMap(read -> Owner.of(
                        resource,
                        Target.versionTable(read),
                        context.getPrimaryCache().byIndex(Owner.INDEX, Owner.key(Owner.database(read.database())))));
    }

    /** Asked of the API server, and only where a plan may be relied on. */
    private boolean planIsKept(
            DatabaseMigration resource,
            DatabaseMigrationSpec spec,
            DatabaseMigrationStatus status,
            Optional<Reading> reading) {
        PlanStatus plan = status.plan();
        return plan != null
                && Planning.needed(spec)
                && reading.orElse(null) instanceof AtRevisions current
                && plan.from().equals(current.revisions())
                && plans.areKept(resource, plan);
    }

    /** Asks the database now, whatever its last answer's age. */
    void look(DatabaseMigration resource, Observation seen, Instant now) {
        question(resource, seen.status(), seen.secret(), seen.underWay())
                .ifPresent(question -> readings.ask(ResourceID.fromResource(resource), question, now));
    }

    /** {@return how old a reading may grow before the next one is asked for} */
    static Duration wantedAge(
            DatabaseMigrationStatus status, DatabaseMigration resource, Optional<SeenAttempt> running, Instant now) {
        if (running.isPresent()) {
            return Backoff.whileRunning(running.get().createdAt(), now);
        }
        LastFailure failure = status.lastFailure();
        if (failure != null && waitsForTheDatabase(failure)) {
            return Backoff.betweenLooks(failure.at(), now);
        }
        return resource.getSpec().checkInterval();
    }

    private static boolean waitsForTheDatabase(LastFailure failure) {
        return failure.job() == null
                ? failure.reason() != Reason.ConflictingResource
                : failure.retryAt() != null && Standing.isReadOnly(failure);
    }

    void forget(DatabaseMigration resource) {
        ResourceID id = ResourceID.fromResource(resource);
        secretsRead.remove(id);
        endsSeen.remove(id);
        specsSeen.remove(id);
    }

    private SecretState secret(ResourceID id, DatabaseMigration resource, Instant now) {
        ReadSecret known = secretsRead.get(id);
        Object ref = resource.getSpec().credentialsSecretRef();
        if (known != null
                && known.ref().equals(ref)
                && known.at().plus(SECRET_IS_GOOD_FOR).isAfter(now)) {
            return known.state();
        }
        SecretState state = secrets.read(
                resource.getMetadata().getNamespace(), resource.getSpec().credentialsSecretRef());
        secretsRead.put(id, new ReadSecret(ref, state, now));
        return state;
    }

    private static Optional<Question> question(
            DatabaseMigration resource,
            DatabaseMigrationStatus status,
            SecretState secret,
            Optional<SeenAttempt> running) {
        if (!(secret instanceof Present present)) {
            return Optional.empty();
        }
        return Optional.of(new Question(
                present.credentials(),
                versionTable(resource.getSpec().alembic(), status.versionTable()),
                Optional.ofNullable(resource.getSpec().databaseRole()),
                running.map(attempt -> resource.getMetadata().getUid() + "/" + attempt.number())));
    }

    /** Where the spec says; else where a run last found it; else wherever the search path leads. */
    private static Optional<TableName> versionTable(AlembicSettings alembic, @Nullable VersionTable reported) {
        String name = alembic.versionTable();
        String schema = alembic.versionTableSchema();
        if (schema != null) {
            return Optional.of(TableName.of(schema, name == null ? TableName.DEFAULT.name() : name));
        }
        if (reported != null && (name == null || name.equals(reported.name()))) {
            return Optional.of(TableName.of(reported.schema(), reported.name()));
        }
        return Optional.ofNullable(name).map(some -> new TableName(Optional.empty(), some));
    }

    private Instant specSeen(ResourceID id, DatabaseMigration resource, Instant now) {
        SeenSpec current = new SeenSpec(
                resource.getMetadata().getUid(), resource.getMetadata().getGeneration(), now);
        return specsSeen
                .compute(
                        id,
                        (key, known) -> known != null
                                        && known.generation() == current.generation()
                                        && known.uid().equals(current.uid())
                                ? known
                                : current)
                .at();
    }

    private Optional<Instant> endSeen(ResourceID id, List<SeenAttempt> attempts, Instant now) {
        Optional<SeenAttempt> over = attempts.stream().findFirst().filter(SeenAttempt::over);
        if (over.isEmpty()) {
            endsSeen.remove(id);
            return Optional.empty();
        }
        SeenEnd end = endsSeen.compute(
                id,
                (key, known) -> known != null && known.job().equals(over.get().job())
                        ? known
                        : new SeenEnd(over.get().job(), now));
        return Optional.of(end.at());
    }
}
