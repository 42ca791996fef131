package dev.dbmigrations.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.database.Credentials;
import dev.dbmigrations.database.Identity;
import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.database.SslMode;
import dev.dbmigrations.database.TableName;
import dev.dbmigrations.job.AttemptReading;
import dev.dbmigrations.job.SeenAttempt;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** One pass of the loop over whatever strangers wrote: it comes to a decision, and to a status that can be written. */
public final class AnyResource {

    private static final Instant NOW = Instant.parse("2026-11-01T12:00:00Z");
    private static final Credentials CREDENTIALS =
            new Credentials("db.prod", 5432, "shop", "geheim", "shop", SslMode.PREFER, null);
    /** No row in its version table: no target but base is reached, whatever anybody says. */
    private static final AtRevisions EMPTY_DATABASE = new AtRevisions(
            NOW,
            List.of(),
            new Identity("shop", 16384, "7412", "10.0.0.5", 5432),
            Optional.of(TableName.of("public", "alembic_version")),
            List.of(),
            false,
            Optional.empty(),
            Optional.empty(),
            false);

    private AnyResource() {}

    /** A run ends with this termination message. */
    public static void endsWith(String terminationMessage) {
        Job job = new JobBuilder()
                .withNewMetadata()
                .withName("shop-1")
                .withUid("job-uid")
                .addToLabels("dbmigrations.dev/attempt", "1")
                .addToLabels("dbmigrations.dev/generation", "2")
                .endMetadata()
                .withNewSpec()
                .withNewTemplate()
                .withNewSpec()
                .endSpec()
                .endTemplate()
                .endSpec()
                .build();
        SeenAttempt attempt =
                AttemptReading.read(job, List.of(pod(terminationMessage))).orElseThrow();
        DatabaseMigrationSpec spec = DatabaseMigrationSpec.of("b2", "trig:1", "db");
        pass(spec, DatabaseMigrationStatus.EMPTY, List.of(attempt));
    }

    private static Pod pod(String terminationMessage) {
        return new PodBuilder()
                .withNewMetadata()
                .addNewOwnerReference()
                .withUid("job-uid")
                .endOwnerReference()
                .endMetadata()
                .withNewStatus()
                .addNewContainerStatus()
                .withName("runner")
                .withNewState()
                .withNewTerminated()
                .withExitCode(0)
                .withMessage(terminationMessage)
                .endTerminated()
                .endState()
                .endContainerStatus()
                .endStatus()
                .build();
    }

    /** A resource like this is there, if it can be read at all. */
    public static void ifReadable(Supplier<Optional<DatabaseMigration>> resource) {
        resource.get().ifPresent(read -> pass(read.getSpec(), status(read), List.of()));
    }

    private static DatabaseMigrationStatus status(DatabaseMigration resource) {
        return Optional.ofNullable(resource.getStatus()).orElse(DatabaseMigrationStatus.EMPTY);
    }

    private static void pass(DatabaseMigrationSpec spec, DatabaseMigrationStatus before, List<SeenAttempt> attempts) {
        Observation seen = new Observation(
                new ResourceID("shop", "production"),
                "3d0f1c2a-0000-4000-8000-000000000000",
                2,
                NOW.minusSeconds(60),
                Optional.empty(),
                spec,
                spec.downgrade(),
                before,
                new SecretState.Present("1", CREDENTIALS),
                Optional.of(EMPTY_DATABASE),
                Optional.empty(),
                attempts,
                List.of(),
                attempts.isEmpty() ? Optional.empty() : Optional.of(NOW.minusSeconds(1)),
                true,
                List.of(),
                Optional.empty());

        Decision decision = Decide.decide(seen, NOW);
        if (decision instanceof Decision.ReadPlan) {
            return;
        }
        DatabaseMigrationStatus after = Report.of(seen, decision, NOW);

        boolean growsNotByUs = before.equals(DatabaseMigrationStatus.EMPTY);
        String written = Serialization.asJson(after);
        if (growsNotByUs) {
            assertThat(written.getBytes(StandardCharsets.UTF_8)).hasSizeLessThan(100_000);
        }
        Optional<Condition> ready = after.condition("Ready");
        assertThat(ready).isPresent();
        assertThat(ready.get().getMessage()).doesNotContain("\u001b").doesNotContain("geheim");
        if (ready.get().getReason().equals("AtTarget")) {
            assertThat(spec.targetRevision()).matches("base|.*@base");
        }
    }
}
