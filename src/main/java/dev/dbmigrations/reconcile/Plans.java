package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.PlanStatus;
import dev.dbmigrations.api.PlanStatus.MadeFor;
import dev.dbmigrations.api.PlanStatus.Step;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.api.Revisions;
import dev.dbmigrations.api.ShortText;
import dev.dbmigrations.job.Attempts;
import dev.dbmigrations.job.PlanConfigMap;
import dev.dbmigrations.job.PlanDocument;
import dev.dbmigrations.job.PlanHash;
import dev.dbmigrations.job.PlanReading;
import dev.dbmigrations.job.PlanStore;
import dev.dbmigrations.job.RunResult;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Ended;
import dev.dbmigrations.job.Tree;
import dev.dbmigrations.reconcile.Decision.Fail;
import dev.dbmigrations.reconcile.Decision.KeepPlan;
import dev.dbmigrations.reconcile.Decision.ReadPlan;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Takes a plan from the log of the run that made it, and keeps it. */
final class Plans {

    private static final int MOST_STEPS = 50;
    private static final int MOST_SENTENCES = 5;
    private static final int LONGEST_SENTENCE = 300;

    private final Attempts attempts;
    private final PlanStore store;

    Plans(Attempts attempts, PlanStore store) {
        this.attempts = attempts;
        this.store = store;
    }

    /** Whether the plan is kept, by the API server's own word. */
    boolean areKept(DatabaseMigration resource, PlanStatus plan) {
        return store.has(resource, plan);
    }

    /** {@return that it is kept, or why it is not} */
    Decision keep(DatabaseMigration resource, Observation seen, ReadPlan read, Instant now) {
        SeenAttempt ended = read.ended();
        Optional<RunResult.Plan> said = ended.state() instanceof Ended(RunResult result)
                ? Optional.ofNullable(result.plan())
                : Optional.empty();
        Optional<MadeFor> madeFor = Planning.madeFor(seen, read.reading());
        if (said.isEmpty() || madeFor.isEmpty()) {
            return failed(seen, read, Reason.Interrupted, "Job " + ended.job() + " has made no plan", now);
        }
        if (said.get().bytes() > PlanReading.GREATEST_BYTES) {
            return failed(
                    seen,
                    read,
                    Reason.PlanTooLarge,
                    "the plan has " + said.get().bytes() + " bytes, and " + PlanReading.GREATEST_BYTES
                            + " is the most that is read and kept: bring the database there in several steps, each to a"
                            + " revision on the way",
                    now);
        }
        String image = Tree.asItRan(
                        madeFor.get().image(),
                        ended.imageDigest(),
                        madeFor.get().alembic())
                .image();
        if (!new Tree(image, madeFor.get().alembic()).isPinned()) {
            return failed(
                    seen,
                    read,
                    Reason.ImageUnusable,
                    "the container runtime does not say which content image " + image + " has, so that what is planned"
                            + " might not be what is run: write the image with its digest",
                    now);
        }
        Optional<PlanDocument> document = fromLog(resource, ended, said.get());
        if (document.isEmpty()
                || !document.get().from().stream()
                        .sorted()
                        .toList()
                        .equals(read.reading().revisions())) {
            return failed(
                    seen,
                    read,
                    Reason.Interrupted,
                    "the plan of Job " + ended.job() + " was lost: its pod's log is gone or does not have it whole",
                    now);
        }
        PlanStatus plan = status(resource, ended, said.get(), image, madeFor.get(), document.get(), now);
        store.keep(resource, plan, document.get(), ended.job());
        return new KeepPlan(ended, read.reading(), plan);
    }

    private Optional<PlanDocument> fromLog(DatabaseMigration resource, SeenAttempt ended, RunResult.Plan said) {
        try {
            Optional<InputStream> log = attempts.log(resource, ended.job());
            if (log.isEmpty()) {
                return Optional.empty();
            }
            try (BufferedReader lines = new BufferedReader(new InputStreamReader(log.get(), StandardCharsets.UTF_8))) {
                return PlanReading.read(lines, String.valueOf(said.sha256()), said.bytes());
            }
        } catch (IOException | KubernetesClientException e) {
            return Optional.empty();
        }
    }

    private static PlanStatus status(
            DatabaseMigration resource,
            SeenAttempt ended,
            RunResult.Plan said,
            String image,
            MadeFor madeFor,
            PlanDocument document,
            Instant now) {
        List<String> from = document.from().stream().sorted().toList();
        String hash = PlanHash.of(
                resource.getMetadata().getUid(), ended.number(), String.valueOf(said.sha256()), image, from, madeFor);
        return new PlanStatus(
                hash,
                document.direction(),
                from,
                document.to(),
                document.baseline() == null ? null : document.baseline().revision(),
                document.steps().size(),
                document.steps().stream().limit(MOST_STEPS).map(Plans::step).toList(),
                document.destructive(),
                PlanConfigMap.name(resource.getMetadata().getName(), hash),
                image,
                madeFor,
                now.truncatedTo(ChronoUnit.SECONDS));
    }

    private static Step step(PlanDocument.Step step) {
        List<String> destroys = step.destroys();
        Stream<String> more = destroys.size() > MOST_SENTENCES
                ? Stream.of("and " + (destroys.size() - MOST_SENTENCES) + " more")
                : Stream.empty();
        return new Step(
                ShortText.ofLength(step.revision(), Revisions.LONGEST),
                cut(step.message()),
                Stream.concat(
                                destroys.stream()
                                        .limit(MOST_SENTENCES)
                                        .map(sentence -> ShortText.ofLength(sentence, LONGEST_SENTENCE)),
                                more)
                        .toList(),
                cut(step.cannotBeUndone()));
    }

    private static @Nullable String cut(@Nullable String text) {
        return text == null || text.isEmpty() ? null : ShortText.ofLength(text, LONGEST_SENTENCE);
    }

    private static Decision failed(Observation seen, ReadPlan read, Reason reason, String message, Instant now) {
        return new Fail(
                Failures.ofAttempt(seen, read.ended(), reason, message, Optional.of(read.reading()), now),
                Optional.of(read.ended()));
    }
}
