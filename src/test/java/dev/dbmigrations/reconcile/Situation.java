package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.ApprovalPolicy;
import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DowngradePolicy;
import dev.dbmigrations.api.Mode;
import dev.dbmigrations.api.ModelCheckPolicy;
import dev.dbmigrations.api.PlanStatus;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.database.Credentials;
import dev.dbmigrations.database.Identity;
import dev.dbmigrations.database.Progress;
import dev.dbmigrations.database.Reading;
import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.database.Session;
import dev.dbmigrations.database.SslMode;
import dev.dbmigrations.database.TableName;
import dev.dbmigrations.job.AttemptName;
import dev.dbmigrations.job.Leave;
import dev.dbmigrations.job.PlanConfigMap;
import dev.dbmigrations.job.RunDocument.Downgrade;
import dev.dbmigrations.job.RunResult;
import dev.dbmigrations.job.RunResult.Outcome;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Asked;
import dev.dbmigrations.job.SeenAttempt.Died;
import dev.dbmigrations.job.SeenAttempt.Ended;
import dev.dbmigrations.job.SeenAttempt.NoPod;
import dev.dbmigrations.job.SeenAttempt.State;
import dev.dbmigrations.job.Told;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one resource, in words: a spec, a Secret, a database, attempts, and a clock that only the test moves.
 * {@link #happens} decides, reports and keeps the status, as the loop does.
 */
@NullMarked
final class Situation {

    static final String UID = "3f0c9a52-6d1e-4b7a-8f5d-2a1b0c9d8e7f";
    static final String NAMESPACE = "production";
    static final String IMAGE = "registry.example.com/trigpointing-migrations:1.4.2";
    static final String DIGEST = "registry.example.com/trigpointing-migrations@sha256:5d0b";
    static final Credentials CREDENTIALS =
            new Credentials("db.prod", 5432, "app", "secret", "trig", SslMode.PREFER, null);

    Instant now = Instant.parse("2026-11-01T12:00:00Z");
    long generation = 1;
    private @Nullable Owner owner;
    Instant specSeenAt = now;

    private @Nullable String downgradeImage;
    private @Nullable String baseline;
    private Mode mode = Mode.Apply;
    private ApprovalPolicy approval = ApprovalPolicy.Never;
    private ModelCheckPolicy modelCheck = ModelCheckPolicy.NEVER;
    private boolean planIsKept = true;
    boolean destructive;
    private final List<Approval> approvals = new ArrayList<>();

    @Nullable
    String retry;

    DatabaseMigrationSpec spec = DatabaseMigrationSpec.of("b2", IMAGE, "trig-db");
    Policy policy = Policy.NONE;
    DatabaseMigrationStatus status = DatabaseMigrationStatus.EMPTY;
    SecretState secret = new SecretState.Present("1", CREDENTIALS);

    @Nullable
    Reading reading;

    @Nullable
    Instant askedAt;

    @Nullable
    Instant endSeenAt;

    final List<SeenAttempt> attempts = new ArrayList<>();
    final List<SeenAttempt> checks = new ArrayList<>();

    private Identity database = new Identity("trig", 16384, "7412", "10.0.0.5", 5432);

    /** A resource whose database has come to these revisions by itself, and says so. */
    static Situation settledAt(String... revisions) {
        Situation situation = new Situation().target(revisions.length == 0 ? "base" : String.join(",", revisions));
        situation.databaseIsAt(revisions).happens();
        return situation;
    }

    // The user.

    Situation target(String target) {
        return spec(target, spec.image(), spec.downgrade(), spec.suspend());
    }

    Situation image(String image) {
        return spec(spec.targetRevision(), image, spec.downgrade(), spec.suspend());
    }

    Situation downgrade(DowngradePolicy policy) {
        return spec(spec.targetRevision(), spec.image(), policy, spec.suspend());
    }

    Situation downgradeImage(String image) {
        downgradeImage = image;
        return spec(spec.targetRevision(), spec.image(), spec.downgrade(), spec.suspend());
    }

    Situation baseline(String revision) {
        baseline = revision;
        return spec(spec.targetRevision(), spec.image(), spec.downgrade(), spec.suspend());
    }

    Situation mode(Mode wanted) {
        mode = wanted;
        return spec(spec.targetRevision(), spec.image(), spec.downgrade(), spec.suspend());
    }

    /** Of another resource that is older: it owns the database. */
    Situation owner(@Nullable Owner older) {
        owner = older;
        return this;
    }

    Situation approval(ApprovalPolicy wanted) {
        approval = wanted;
        return spec(spec.targetRevision(), spec.image(), spec.downgrade(), spec.suspend());
    }

    Situation modelCheck(String wanted) {
        modelCheck = ModelCheckPolicy.of(wanted);
        return spec(spec.targetRevision(), spec.image(), spec.downgrade(), spec.suspend());
    }

    Situation approves(String planHash) {
        approvals.add(new Approval("approval-" + approvals.size(), planHash, "ada@example.com"));
        return this;
    }

    Situation planIsDeleted() {
        planIsKept = false;
        return this;
    }

    Situation suspend(boolean suspend) {
        return spec(spec.targetRevision(), spec.image(), spec.downgrade(), suspend);
    }

    /** Whoever installed the operator, for namespaces of this resource's kind. */
    Situation policy(String json) {
        policy = Policy.parse(json);
        return this;
    }

    private Situation spec(String target, String image, DowngradePolicy downgrade, boolean suspend) {
        spec = new DatabaseMigrationSpec(
                target,
                image,
                spec.credentialsSecretRef(),
                spec.alembic(),
                downgrade,
                downgradeImage,
                mode,
                approval,
                modelCheck,
                baseline,
                null,
                null,
                spec.lockTimeout(),
                null,
                null,
                spec.checkInterval(),
                suspend,
                spec.job());
        if (!status.equals(DatabaseMigrationStatus.EMPTY)) {
            generation++;
            specSeenAt = now;
        }
        return this;
    }

    Situation setsRetryAnnotation(String value) {
        retry = value;
        return this;
    }

    Situation secretChanges(String version) {
        secret = new SecretState.Present(version, CREDENTIALS);
        return this;
    }

    Situation secretIsMissing() {
        secret = new SecretState.Missing("there is no Secret trig-db in namespace production");
        reading = null;
        return this;
    }

    Situation secretIsInvalid() {
        secret = new SecretState.Invalid("2", "Secret trig-db: key port is no number from 1 to 65535");
        reading = null;
        return this;
    }

    // The database.

    /** The database is read, now, and has these rows. */
    Situation databaseIsAt(String... revisions) {
        return reads(at(now, revisions));
    }

    Situation databaseWasAt(Duration ago, String... revisions) {
        return reads(at(now.minus(ago), revisions));
    }

    Situation databaseHasNoVersionTable() {
        return reads(new AtRevisions(
                now,
                List.of(),
                database,
                Optional.empty(),
                List.of(),
                false,
                Optional.empty(),
                Optional.empty(),
                false));
    }

    /** It is read where the rows are not: in another table than the one that env.py uses. */
    Situation databaseIsAtInTable(String table) {
        return reads(new AtRevisions(
                now,
                List.of(),
                database,
                Optional.of(TableName.of("public", table)),
                List.of(),
                false,
                Optional.empty(),
                Optional.empty(),
                false));
    }

    Situation databaseIsBusyAt(String holder, @Nullable Progress progress, String... revisions) {
        Session session = new Session(4711, holder, Optional.of("active"), Optional.of(now));
        AtRevisions idle = at(now, revisions);
        return reads(new AtRevisions(
                now,
                idle.revisions(),
                database,
                idle.versionTable(),
                List.of(),
                true,
                Optional.of(session),
                Optional.ofNullable(progress),
                false));
    }

    Situation databaseHasInvalidIndexAt(String index, String... revisions) {
        AtRevisions idle = at(now, revisions);
        return reads(new AtRevisions(
                now,
                idle.revisions(),
                database,
                idle.versionTable(),
                List.of(index),
                false,
                Optional.empty(),
                Optional.empty(),
                false));
    }

    /** It is read, and nobody can write there. */
    Situation databaseIsReadOnlyAt(String... revisions) {
        AtRevisions writable = at(now, revisions);
        return reads(new AtRevisions(
                now,
                writable.revisions(),
                database,
                writable.versionTable(),
                List.of(),
                false,
                Optional.empty(),
                Optional.empty(),
                true));
    }

    Situation databaseIsUnreachable() {
        return reads(new Reading.Unreachable(now, "db.prod:5432/trig does not answer"));
    }

    Situation databaseRefuses() {
        return reads(new Reading.Refused(now, "db.prod:5432/trig refuses the password"));
    }

    /** The same name leads to another cluster of PostgreSQL: a restored clone. */
    Situation databaseIsRestoredElsewhere() {
        database = new Identity("trig", 16384, "9999", "10.0.0.6", 5432);
        return this;
    }

    private AtRevisions at(Instant when, String... revisions) {
        return new AtRevisions(
                when,
                Arrays.asList(revisions),
                database,
                Optional.of(TableName.of("public", "alembic_version")),
                List.of(),
                false,
                Optional.empty(),
                Optional.empty(),
                false);
    }

    private Situation reads(Reading other) {
        reading = other;
        return this;
    }

    // The cluster.

    /** The newest attempt's Job shows this. */
    Situation attemptIs(State state) {
        SeenAttempt shown = attempts.removeFirst().in(state);
        attempts.addFirst(shown);
        if (shown.over() && endSeenAt == null) {
            endSeenAt = now;
        }
        return this;
    }

    Situation attemptEnds(RunResult result) {
        return attemptIs(new Ended(result));
    }

    Situation attemptDies(Reason reason, boolean started) {
        return attemptIs(new Died(reason, "the pod was lost", started));
    }

    /** The newest check's Job shows this. */
    Situation checkIs(State state) {
        checks.addFirst(checks.removeFirst().in(state));
        return this;
    }

    /** The Job and its pod are gone from the cluster. */
    Situation jobsAreGone() {
        attempts.clear();
        endSeenAt = null;
        return this;
    }

    Situation later(Duration duration) {
        now = now.plus(duration);
        return this;
    }

    /** All that a new operator does not know: readings, and when an end was seen first. */
    Situation operatorRestarts() {
        reading = null;
        specSeenAt = now;
        endSeenAt = attempts.isEmpty() || !attempts.getFirst().over() ? null : now;
        return this;
    }

    // The loop.

    Observation seen() {
        return new Observation(
                new ResourceID("trig", "production"),
                UID,
                generation,
                specSeenAt,
                Optional.ofNullable(retry),
                policy.applied(NAMESPACE, spec),
                policy.greatestDowngrade(NAMESPACE),
                status,
                secret,
                Optional.ofNullable(reading),
                Optional.ofNullable(askedAt),
                attempts,
                checks,
                Optional.ofNullable(endSeenAt),
                planIsKept,
                approvals,
                Optional.ofNullable(owner));
    }

    Decision decides() {
        return Decide.decide(seen(), now);
    }

    /** One pass of the loop: what is started is there, what is discarded is gone, the status is written. */
    Decision happens() {
        Decision decision = decides();
        if (decision instanceof Decision.ReadPlan read) {
            planIsKept = true;
            decision = new Decision.KeepPlan(read.ended(), read.reading(), plan(read));
        }
        if (decision instanceof Decision.Start) {
            checks.removeIf(check -> !check.over());
        }
        status = Report.of(seen(), decision, now);
        if (decision instanceof Decision.Start start) {
            attempts.addFirst(new SeenAttempt(
                    Objects.requireNonNull(status.attempt()).job(),
                    start.number(),
                    generation,
                    new Asked(
                            start.kind(),
                            start.rollback()
                                    .map(way -> way.to().isEmpty() ? "base" : String.join(",", way.to()))
                                    .orElse(spec.targetRevision()),
                            start.rollback().map(Rollback.Way::image).orElse(spec.image()),
                            start.rollback().map(way -> way.tree().alembic()).orElse(spec.alembic()),
                            start.reading().revisions(),
                            start.downgrade() == Downgrade.Allowed,
                            start.rollback().isPresent(),
                            start.go()
                                    .map(go -> new Leave(
                                            go.plan().hash(),
                                            go.approval().map(Approval::by).orElse(null)))
                                    .orElse(null)),
                    now,
                    DIGEST,
                    new NoPod()));
            endSeenAt = null;
        }
        if (decision instanceof Decision.StartCheck start) {
            checks.removeIf(check -> !check.over());
            checks.addFirst(check(start));
        }
        if (decision instanceof Decision.Discard || decision instanceof Decision.PlanAnew) {
            attempts.removeFirst();
        }
        return decision;
    }

    private SeenAttempt check(Decision.StartCheck start) {
        Asked asked = new Asked(
                SeenAttempt.Kind.Check,
                spec.targetRevision(),
                spec.image(),
                spec.alembic(),
                start.reading().revisions(),
                false,
                false,
                null);
        return new SeenAttempt(
                AttemptName.of("trig", UID, generation, start.number()),
                start.number(),
                generation,
                asked,
                now,
                DIGEST,
                new NoPod());
    }

    /** What the log of the plan's run had: the hash has the attempt's number in it, since no two plans are the same. */
    private PlanStatus plan(Decision.ReadPlan read) {
        RunResult result = ((Ended) read.ended().state()).result();
        List<String> to = result.resolvedTarget();
        PlanStatus.Step step = new PlanStatus.Step(
                "b2", "what it does", destructive ? List.of("drops column user.name") : List.of(), null);
        return new PlanStatus(
                "hash-" + read.ended().number(),
                "Upgrade",
                read.reading().revisions(),
                Objects.requireNonNullElse(to, List.of()),
                Objects.requireNonNull(result.plan()).baseline(),
                1,
                List.of(step),
                destructive,
                PlanConfigMap.name("trig", "hash-" + read.ended().number()),
                DIGEST,
                Planning.madeFor(seen(), read.reading()).orElseThrow(),
                now);
    }

    // What the status says.

    String reason() {
        return status.condition("Ready").orElseThrow().getReason();
    }

    boolean ready() {
        return status.condition("Ready")
                .filter(condition -> "True".equals(condition.getStatus()))
                .isPresent();
    }

    String message() {
        return status.condition("Ready").orElseThrow().getMessage();
    }

    DatabaseMigrationStatus.LastFailure failure() {
        return Objects.requireNonNull(status.lastFailure());
    }

    // What a runner says.

    /** A plan is on its standard output. */
    static RunResult planned(List<String> from, List<String> to) {
        return planned(from, to, null)
                .towards(from.equals(to) ? "None" : "Upgrade")
                .result();
    }

    /** The same, and it begins with a stamp. */
    static RunResult plannedWithStamp(String baseline, String to) {
        return planned(List.of(), List.of(to), baseline)
                .towards(baseline.equals(to) ? "None" : "Upgrade")
                .result();
    }

    private static Told planned(List<String> from, List<String> to, @Nullable String baseline) {
        return Told.succeeded()
                .between(from, from)
                .resolved(to, to)
                .executed(0, 1)
                .plan(new RunResult.Plan("5d0b", 1000, baseline));
    }

    /** It has stamped the database, and gone on. */
    static RunResult baselined(String baseline, String current) {
        return Told.succeeded()
                .between(List.of(), List.of(current))
                .towards(baseline.equals(current) ? "None" : "Upgrade")
                .resolved(List.of(current), null)
                .baselined(baseline)
                .result();
    }

    static RunResult succeeded(List<String> from, List<String> current) {
        return result(Outcome.Succeeded, null, null, from, current);
    }

    static RunResult superseded(String... rows) {
        return result(Outcome.Superseded, null, "the database has moved", List.of(rows), List.of(rows));
    }

    static RunResult failed(Reason reason, @Nullable List<String> current) {
        return failed(reason, current, current);
    }

    static RunResult failedBy(Reason reason, String message, RunResult.Failure failure) {
        return result(Outcome.Failed, reason, message, List.of("a1"), List.of("a1"), failure);
    }

    static RunResult failed(Reason reason, @Nullable List<String> from, @Nullable List<String> current) {
        return result(Outcome.Failed, reason, "it went wrong", from, current);
    }

    /** The image knows what the target means, and does not know the row. */
    static RunResult lacks(String row, String... target) {
        return lacks(row, List.of(target), new DatabaseMigrationStatus.VersionTable("public", "alembic_version"));
    }

    static RunResult lacks(
            String row, @Nullable List<String> target, DatabaseMigrationStatus.@Nullable VersionTable table) {
        return Told.ended(Outcome.Failed)
                .because(Reason.RevisionNotFound, "as the runner says")
                .between(List.of(row), List.of(row))
                .resolved(target, target)
                .without(target == null ? null : List.of(row))
                .in(table)
                .result();
    }

    private static RunResult result(
            Outcome outcome,
            @Nullable Reason reason,
            @Nullable String message,
            @Nullable List<String> from,
            @Nullable List<String> current) {
        return result(outcome, reason, message, from, current, null);
    }

    private static RunResult result(
            Outcome outcome,
            @Nullable Reason reason,
            @Nullable String message,
            @Nullable List<String> from,
            @Nullable List<String> current,
            RunResult.@Nullable Failure failure) {
        return Told.ended(outcome)
                .because(reason, message)
                .between(from, current)
                .resolved(outcome == Outcome.Succeeded ? current : null, null)
                .failure(failure)
                .result();
    }
}
