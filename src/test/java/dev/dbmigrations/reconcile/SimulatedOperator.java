package dev.dbmigrations.reconcile;

import static dev.dbmigrations.reconcile.Violation.unless;

import dev.dbmigrations.api.AlembicSettings;
import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DatabaseMigrationStatus.Attempt;
import dev.dbmigrations.api.DatabaseMigrationStatus.Comparison;
import dev.dbmigrations.api.DowngradePolicy;
import dev.dbmigrations.api.PlanStatus;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.database.Identity;
import dev.dbmigrations.database.Reading;
import dev.dbmigrations.database.Session;
import dev.dbmigrations.database.TableName;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Asked;
import dev.dbmigrations.job.SeenAttempt.Died;
import dev.dbmigrations.job.SeenAttempt.Kind;
import dev.dbmigrations.reconcile.Decision.Await;
import dev.dbmigrations.reconcile.Decision.Discard;
import dev.dbmigrations.reconcile.Decision.Fail;
import dev.dbmigrations.reconcile.Decision.KeepPlan;
import dev.dbmigrations.reconcile.Decision.Look;
import dev.dbmigrations.reconcile.Decision.PlanAnew;
import dev.dbmigrations.reconcile.Decision.ReadPlan;
import dev.dbmigrations.reconcile.Decision.Start;
import dev.dbmigrations.reconcile.Decision.StartCheck;
import dev.dbmigrations.reconcile.SimulatedWorld.Resource;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** The loop around the real rules and the real report, with caches that lag and a memory that a restart wipes. */
@NullMarked
final class SimulatedOperator {

    /** The rules, or a broken form of them. */
    interface Rules {
        Decision decide(Observation seen, Instant now);

        default DatabaseMigrationStatus report(Observation seen, Decision decision, Instant now) {
            return Report.of(seen, decision, now);
        }

        default SimulatedAttempt.Runner runner() {
            return SimulatedAttempt.Runner.AS_IT_IS;
        }
    }

    private static final Identity IDENTITY = new Identity("app", 1, "7412", "10.0.0.1", 5432);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);

    private final SimulatedWorld world;
    private final Rules rules;

    /** How far this process' clock is ahead of the API server's; and how far that of the next one will be. */
    private Duration skew = Duration.ZERO;

    private Duration nextSkew = Duration.ZERO;

    private final DatabaseMigration primary = new DatabaseMigration();
    private Resource cached;
    private DatabaseMigrationStatus cachedStatus;
    private List<SeenAttempt> cachedJobs = List.of();
    private List<SeenAttempt> cachedChecks = List.of();
    private List<Approval> cachedApprovals = List.of();
    private Optional<Owner> cachedOwner = Optional.empty();
    private @Nullable Reading reading;
    private String readingOf = "";
    private @Nullable String asked;
    private Instant askedAt = SimulatedWorld.START;
    private @Nullable String endSeenOf;
    private Instant endSeenAt = SimulatedWorld.START;
    private Instant specSeenAt = SimulatedWorld.START;
    Instant wakesAt = SimulatedWorld.START;

    SimulatedOperator(SimulatedWorld world, Rules rules) {
        this.world = world;
        this.rules = rules;
        this.cached = world.resource;
        this.cachedStatus = world.status;
    }

    // What comes in from the cluster, late or never.

    void seesTheResource() {
        if (cached.generation() != world.resource.generation()) {
            specSeenAt = now();
        }
        cached = world.resource;
        cachedStatus = world.status;
        cachedApprovals = world.plans.approvals();
        cachedOwner = world.owner;
    }

    void seesTheJobs() {
        cachedJobs = world.attempts.stream()
                .filter(attempt -> attempt.jobExists)
                .map(SimulatedAttempt::seen)
                .toList();
        cachedChecks = world.checks.shown();
    }

    void looksEnds() {
        if (asked != null) {
            reading = world.database.reachable ? answer() : new Reading.Unreachable(askedAt, "no answer");
            readingOf = asked;
            asked = null;
        }
    }

    private Reading answer() {
        Optional<Session> holder = Optional.ofNullable(world.database.lock)
                .map(attempt -> "dbmigrations/uid/" + attempt.number)
                .or(() -> world.database.lockedBySomebody ? Optional.of("dbmigrations/other/1") : Optional.empty())
                .map(name -> new Session(1, name, Optional.empty(), Optional.empty()));
        return new Reading.AtRevisions(
                askedAt,
                world.read(),
                IDENTITY,
                Optional.of(TableName.of("public", "alembic_version")),
                List.of(),
                holder.isPresent(),
                holder,
                Optional.empty(),
                false);
    }

    private Instant now() {
        return world.now.plus(skew);
    }

    /** {@return whether the interval asks for another comparison soon, or the last one was written by another clock} */
    boolean comparesAgainWithin(Duration time) {
        Duration every = world.checks.policy.every();
        Comparison last = world.status.modelCheck();
        return every != null
                && last != null
                && last.checkedAt() != null
                && (last.checkedAt().isAfter(now())
                        || !last.checkedAt().plus(every).isAfter(now().plus(time)));
    }

    /** The next process starts on a machine whose clock is right, or an hour ahead or behind. */
    void willRunElsewhere(int chance) {
        nextSkew = Duration.ofHours(chance % 3 - 1);
    }

    /** A new process: what the API server has is read anew, everything else is forgotten. */
    void restarts() {
        skew = nextSkew;
        reading = null;
        asked = null;
        endSeenOf = null;
        specSeenAt = now();
        cached = world.resource;
        cachedStatus = world.status;
        seesTheJobs();
    }

    // The loop.

    /** Where the operator dies in a pass. */
    enum Crash {
        NOT,
        BEFORE_THE_STATUS,
        /** After an attempt is in the status, and before its Job exists. */
        BEFORE_THE_JOB,
        AFTER_THE_JOB
    }

    void pass(Crash crash) {
        Observation seen = observe();
        Decision decision = rules.decide(seen, now());
        switch (decision) {
            case Start start -> {
                boolean gone = start.go()
                        .filter(go -> !world.plans.has(go.plan())
                                || go.approval()
                                        .filter(approval -> !world.plans.stands(approval))
                                        .isPresent())
                        .isPresent();
                if (gone || lags(seen)) {
                    decision = new Look();
                    ask(question(seen.underWay()));
                }
            }
            case StartCheck start -> {
                if (lags(seen)) {
                    decision = new Look();
                    ask(question(seen.underWay()));
                }
            }
            case Look look -> ask(question(seen.underWay()));
            case Discard discard -> {
                if (!world.discard(discard.attempt().job())) {
                    decision = new Await(discard.attempt(), Reason.Applying, "it is at work for an older spec");
                }
            }
            case PlanAnew anew -> {
                if (!world.discard(anew.attempt().job())) {
                    decision = new Await(anew.attempt(), Reason.Applying, "it is at work");
                }
            }
            case ReadPlan read -> decision = keep(seen, read);
            default -> {}
        }
        DatabaseMigrationStatus status = rules.report(seen, decision, now());
        if (crash == Crash.BEFORE_THE_STATUS) {
            restarts();
            return;
        }
        boolean written = status.equals(cachedStatus) || write(status);
        if (crash == Crash.BEFORE_THE_JOB) {
            restarts();
            return;
        }
        Optional<Decision> refused = written ? begin(seen, decision) : Optional.empty();
        if (refused.isPresent()) {
            decision = refused.get();
            status = rules.report(seen, decision, now());
            if (crash == Crash.NOT) {
                write(status);
            }
        }
        if (crash == Crash.AFTER_THE_JOB) {
            restarts();
            return;
        }
        Duration next = Schedule.next(primary(), seen, decision, status, now());
        unless(
                next.isPositive() && next.compareTo(LONGEST_PAUSE) <= 0,
                "came back after " + next + ", which strands the resource");
        wakesAt = world.now.plus(next);
    }

    /** {@return what became of the decision where the cluster will not have the Job} */
    private Optional<Decision> begin(Observation seen, Decision decision) {
        if (decision instanceof Start start) {
            unless(
                    seen.owner().isEmpty() || start.kind() == Kind.Plan,
                    "ran something in a database that belongs to an older resource (rule 12)");
            world.checks.delete(seen.checks());
            return world.create(start, cached)
                    ? Optional.empty()
                    : Optional.of(
                            new Fail(Failures.ofLooking(seen, Reason.PodRejected, "refused", now()), Optional.empty()));
        }
        if (decision instanceof StartCheck start) {
            world.checks.delete(seen.checks());
            if (world.jobsAreRefused) {
                return Optional.of(ModelCheck.refused(seen, start, "refused", now()));
            }
            world.checks.create(start, cached.generation(), cached.spec(), seen.status(), world, world.now);
        }
        return Optional.empty();
    }

    /** The API server refuses what was made from an older version of the resource. */
    private boolean write(DatabaseMigrationStatus status) {
        if (!cached.equals(world.resource) || !cachedStatus.equals(world.status)) {
            return false;
        }
        world.write(status);
        cachedStatus = status;
        return true;
    }

    private boolean lags(Observation seen) {
        return world.hasJobBeside(Stream.concat(seen.attempts().stream(), seen.checks().stream())
                .map(SeenAttempt::job)
                .toList());
    }

    /** The log is gone where the Job is. */
    private Decision keep(Observation seen, ReadPlan read) {
        SeenAttempt ended = read.ended();
        Optional<SimulatedAttempt> there = world.attempts.stream()
                .filter(attempt -> attempt.jobExists && attempt.job.equals(ended.job()))
                .findFirst();
        if (there.isEmpty()) {
            return new Fail(
                    Failures.ofAttempt(seen, ended, Reason.Interrupted, "lost", Optional.of(read.reading()), now()),
                    Optional.of(ended));
        }
        int to = SimulatedDatabase.place(ended.asked().target(), ended.asked().image());
        return new KeepPlan(ended, read.reading(), world.plans.keep(seen, read, to, now()));
    }

    private Observation observe() {
        List<SeenAttempt> attempts = Stream.concat(cachedJobs.stream(), notShown().stream())
                .sorted(Comparator.comparingInt(SeenAttempt::number).reversed())
                .toList();
        Optional<SeenAttempt> underWay =
                attempts.stream().filter(attempt -> !attempt.over()).findFirst();
        String question = question(underWay);
        Duration wanted = Observer.wantedAge(cachedStatus, primary(), underWay, now());
        Reading known = question.equals(readingOf) && world.secretExists ? reading : null;
        if (world.secretExists && (known == null || !known.at().plus(wanted).isAfter(now()))) {
            ask(question);
        }
        Optional<SeenAttempt> over = attempts.stream().findFirst().filter(SeenAttempt::over);
        if (over.isPresent() && !over.get().job().equals(endSeenOf)) {
            endSeenOf = over.get().job();
            endSeenAt = now();
        }
        PlanStatus plan = cachedStatus.plan();
        return new Observation(
                new ResourceID("shop", "team"),
                "uid",
                cached.generation(),
                specSeenAt,
                cached.retry(),
                cached.spec(),
                DowngradePolicy.Always,
                cachedStatus,
                world.secretExists
                        ? new SecretState.Present("v" + world.secretVersion, Situation.CREDENTIALS)
                        : new SecretState.Missing("no Secret"),
                Optional.ofNullable(known),
                asked == null ? Optional.empty() : Optional.of(askedAt),
                attempts,
                Stream.concat(hiddenCheck().stream(), cachedChecks.stream()).toList(),
                over.map(attempt -> endSeenAt),
                plan != null && world.plans.has(plan),
                cachedApprovals,
                cachedOwner);
    }

    private Optional<SeenAttempt> notShown() {
        Attempt known = cachedStatus.attempt();
        if (known == null
                || known.endedAt() != null
                || cachedJobs.stream().anyMatch(job -> job.job().equals(known.job()))) {
            return Optional.empty();
        }
        return Optional.of(world.attempts.stream()
                .filter(attempt -> (attempt.jobExists || !attempt.over()) && attempt.job.equals(known.job()))
                .map(SimulatedAttempt::seen)
                .findFirst()
                .orElseGet(() -> new SeenAttempt(
                        known.job(),
                        known.number(),
                        known.generation(),
                        new Asked(
                                Kind.valueOf(known.kind()),
                                "",
                                "",
                                AlembicSettings.DEFAULT,
                                Objects.requireNonNullElse(known.mayDowngradeFrom(), List.of()),
                                false,
                                known.kind().equals(Kind.Rollback.name()),
                                null),
                        known.startedAt(),
                        null,
                        new Died(Reason.Interrupted, "deleted", true))));
    }

    private Optional<SeenAttempt> hiddenCheck() {
        Comparison known = cachedStatus.modelCheck();
        if (known == null
                || known.checkedAt() != null
                || cachedChecks.stream().anyMatch(check -> check.job().equals(known.job()))) {
            return Optional.empty();
        }
        return Optional.of(world.checks.shown().stream()
                .filter(check -> check.job().equals(known.job()))
                .findFirst()
                .orElseGet(() -> new SeenAttempt(
                        known.job(),
                        known.attempt(),
                        known.generation(),
                        new Asked(
                                Kind.Check,
                                "",
                                known.image(),
                                AlembicSettings.DEFAULT,
                                known.revisions(),
                                false,
                                false,
                                null),
                        known.startedAt(),
                        null,
                        new Died(Reason.Interrupted, "deleted", true))));
    }

    private String question(Optional<SeenAttempt> underWay) {
        return world.secretVersion + "/" + underWay.map(SeenAttempt::number).orElse(0);
    }

    private void ask(String question) {
        if (!question.equals(asked)) {
            asked = question;
            askedAt = now();
        }
    }

    private DatabaseMigration primary() {
        primary.setSpec(cached.spec());
        return primary;
    }
}
