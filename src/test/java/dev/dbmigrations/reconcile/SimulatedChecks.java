package dev.dbmigrations.reconcile;

import static dev.dbmigrations.reconcile.SimulatedDatabase.known;
import static dev.dbmigrations.reconcile.SimulatedDatabase.rows;
import static dev.dbmigrations.reconcile.Violation.unless;

import dev.dbmigrations.api.AlembicSettings;
import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.ModelCheckPolicy;
import dev.dbmigrations.api.ModelsReason;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.job.AttemptName;
import dev.dbmigrations.job.RunResult;
import dev.dbmigrations.job.RunResult.Models;
import dev.dbmigrations.job.RunResult.Outcome;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Asked;
import dev.dbmigrations.job.SeenAttempt.Died;
import dev.dbmigrations.job.SeenAttempt.Ended;
import dev.dbmigrations.job.SeenAttempt.Kind;
import dev.dbmigrations.job.SeenAttempt.NoPod;
import dev.dbmigrations.job.SeenAttempt.Running;
import dev.dbmigrations.job.SeenAttempt.Waiting;
import dev.dbmigrations.job.Told;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** The Jobs that compare tables with models; and what is promised of them. */
@NullMarked
final class SimulatedChecks {

    private static final List<ModelCheckPolicy> POLICIES =
            List.of(ModelCheckPolicy.NEVER, ModelCheckPolicy.AFTER_MIGRATION, ModelCheckPolicy.of("5m"));

    private final SimulatedDatabase database;
    private final List<SeenAttempt> jobs = new ArrayList<>();
    ModelCheckPolicy policy = ModelCheckPolicy.NEVER;
    boolean modelsDiffer;
    int started;

    SimulatedChecks(SimulatedDatabase database) {
        this.database = database;
    }

    /** {@return the Jobs that there are, newest first} */
    List<SeenAttempt> shown() {
        return jobs.reversed();
    }

    boolean areUnderWay() {
        return jobs.stream().anyMatch(job -> !job.over());
    }

    void otherAreWanted(int chance) {
        policy = POLICIES.get(chance % POLICIES.size());
        modelsDiffer = chance / 5 % 2 == 0;
    }

    void create(
            Decision.StartCheck start,
            long generation,
            DatabaseMigrationSpec spec,
            DatabaseMigrationStatus before,
            SimulatedWorld world,
            Instant now) {
        String job = AttemptName.of("shop", "uid", generation, start.number());
        if (jobs.stream().anyMatch(known -> known.job().equals(job))) {
            return;
        }
        unless(spec.modelCheck().wanted() && !spec.suspend(), "compared what nobody wants to be compared");
        unless(
                world.attempts.stream().noneMatch(other -> other.jobExists && !other.over()),
                "compared while an attempt was under way");
        unless(!areUnderWay(), "compared twice at once");
        unless(isReady(before, generation), "compared before the database was said to be at its target");
        unless(
                world.attempts.stream().noneMatch(other -> other.jobExists && other.number == start.number())
                        && jobs.stream().noneMatch(other -> other.number() == start.number()),
                "the number of an attempt was used for a check");
        started++;
        Asked asked = new Asked(
                Kind.Check,
                spec.targetRevision(),
                spec.image(),
                AlembicSettings.DEFAULT,
                start.reading().revisions(),
                false,
                false,
                null);
        jobs.add(new SeenAttempt(job, start.number(), generation, asked, now, null, new NoPod()));
    }

    private static boolean isReady(DatabaseMigrationStatus status, long generation) {
        return Long.valueOf(generation).equals(status.observedGeneration())
                && status.condition("Ready")
                        .filter(ready -> Reason.AtTarget.name().equals(ready.getReason()))
                        .isPresent();
    }

    /** What moves the database begins without them. */
    void delete(List<SeenAttempt> known) {
        known.stream()
                .filter(check -> !check.over())
                .forEach(check -> jobs.removeIf(job -> job.job().equals(check.job())));
    }

    void move(int chance, @Nullable String missingImage) {
        newestUnderWay().ifPresent(job -> {
            boolean gone = job.asked().image().equals(missingImage);
            put(
                    switch (job.state()) {
                        case Running running -> job.in(new Ended(result(job)));
                        case Waiting waiting when !gone -> job.in(new Running());
                        case NoPod none -> job.in(new Waiting(chance % 5 == 0 ? "ImagePullBackOff" : null));
                        case SeenAttempt.State other -> job;
                    });
        });
    }

    void dieOrAreDeleted(int chance) {
        newestUnderWay().ifPresent(job -> {
            if (chance % 2 == 0) {
                jobs.remove(job);
            } else {
                put(job.in(new Died(Reason.Interrupted, "the pod was lost", true)));
            }
        });
    }

    /** What is said of the models was said by a check. */
    void check(DatabaseMigrationStatus written, DatabaseMigrationSpec spec, boolean current) {
        boolean said = written.condition(ModelsReason.CONDITION).isPresent();
        unless(!current || said == spec.modelCheck().wanted(), "spoke of models, or did not, against the spec");
        unless(written.modelCheck() == null || said, "remembered a comparison that it does not speak of");
    }

    boolean areAnswered(DatabaseMigrationStatus status) {
        String answer = modelsDiffer ? "ModelsDiffer" : "ModelsMatch";
        return status.condition(ModelsReason.CONDITION)
                .filter(condition -> answer.equals(condition.getReason()) || "NotAtHead".equals(condition.getReason()))
                .isPresent();
    }

    private Optional<SeenAttempt> newestUnderWay() {
        return shown().stream().filter(job -> !job.over()).findFirst();
    }

    private void put(SeenAttempt changed) {
        jobs.replaceAll(job -> job.job().equals(changed.job()) ? changed : job);
    }

    private RunResult result(SeenAttempt job) {
        if (!database.reachable) {
            return result(job, Outcome.Failed, Reason.DatabaseUnreachable, null);
        }
        if (!rows(database.at).equals(job.asked().expected())) {
            return result(job, Outcome.Superseded, null, null);
        }
        ModelsReason answer = database.at != known(job.asked().image())
                ? ModelsReason.NotAtHead
                : modelsDiffer ? ModelsReason.ModelsDiffer : ModelsReason.ModelsMatch;
        return result(job, Outcome.Succeeded, null, new Models(answer, null, 0, List.of()));
    }

    private static RunResult result(
            SeenAttempt job, Outcome outcome, @Nullable Reason reason, @Nullable Models models) {
        return Told.ended(outcome)
                .because(reason, null)
                .between(job.asked().expected(), job.asked().expected())
                .models(models)
                .result();
    }
}
