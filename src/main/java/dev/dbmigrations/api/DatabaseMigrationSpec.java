package dev.dbmigrations.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a team wants.
 *
 * @param targetRevision a revision's id or unique prefix, {@code head} or {@code base}; 1 to 255 characters
 * @param image the image with the Alembic tree
 * @param credentialsSecretRef the Secret with the database's address and credentials, in the resource's namespace
 * @param alembic where the tree is and what runs it
 * @param downgrade whether the database may be taken down (rule 5)
 * @param downgradeImage image to go down with where nothing is remembered, or what is remembered is gone (rule 6)
 * @param mode whether the plan is run, or only rendered
 * @param approval which plans wait for a person (rule 7)
 * @param modelCheck when the tables are compared with the models
 * @param baseline revision that a database without a version table is stamped at; its id or unique prefix
 * @param databaseRole role that the migration and every read of its version table run as ({@code SET ROLE})
 * @param audit where the database itself keeps each step; nowhere when absent
 * @param lockTimeout PostgreSQL's {@code lock_timeout} on every connection of the migration
 * @param statementTimeout PostgreSQL's {@code statement_timeout} there; none when absent
 * @param timeout how long one attempt may run; no limit when absent
 * @param checkInterval how often the current revision is read again when nothing happens
 * @param suspend observe and report, start nothing
 * @param job settings of the Jobs' pods
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record DatabaseMigrationSpec(
        String targetRevision,
        String image,
        CredentialsSecretRef credentialsSecretRef,
        AlembicSettings alembic,
        DowngradePolicy downgrade,
        @Nullable String downgradeImage,
        Mode mode,
        ApprovalPolicy approval,
        ModelCheckPolicy modelCheck,
        @Nullable String baseline,
        @Nullable String databaseRole,
        @Nullable AuditSettings audit,

        @JsonSerialize(using = DurationText.Serializer.class) @JsonDeserialize(using = DurationText.Deserializer.class)
        Duration lockTimeout,

        @JsonSerialize(using = DurationText.Serializer.class)
        @JsonDeserialize(using = DurationText.Deserializer.class)
        @Nullable
        Duration statementTimeout,

        @JsonSerialize(using = DurationText.Serializer.class)
        @JsonDeserialize(using = DurationText.Deserializer.class)
        @Nullable
        Duration timeout,

        @JsonSerialize(using = DurationText.Serializer.class) @JsonDeserialize(using = DurationText.Deserializer.class)
        Duration checkInterval,

        boolean suspend,
        JobSettings job) {

    /** Fills in the CRD's defaults, for objects that were stored before the CRD had them. */
    public DatabaseMigrationSpec {
        targetRevision = Objects.requireNonNullElse(targetRevision, "");
        image = Objects.requireNonNullElse(image, "");
        credentialsSecretRef =
                Objects.requireNonNullElseGet(credentialsSecretRef, () -> new CredentialsSecretRef("", null, Map.of()));
        alembic = Objects.requireNonNullElse(alembic, AlembicSettings.DEFAULT);
        downgrade = Objects.requireNonNullElse(downgrade, DowngradePolicy.Requested);
        mode = Objects.requireNonNullElse(mode, Mode.Apply);
        approval = Objects.requireNonNullElse(approval, ApprovalPolicy.Never);
        modelCheck = Objects.requireNonNullElse(modelCheck, ModelCheckPolicy.NEVER);
        lockTimeout = Objects.requireNonNullElse(lockTimeout, Duration.ofSeconds(5));
        checkInterval = Objects.requireNonNullElse(checkInterval, Duration.ofSeconds(60));
        job = Objects.requireNonNullElse(job, JobSettings.DEFAULT);
    }

    /** {@return the same spec, with these where its own {@code approval} and {@code downgrade} are laxer} */
    public DatabaseMigrationSpec stricter(ApprovalPolicy leastApproval, DowngradePolicy greatestDowngrade) {
        ApprovalPolicy strictApproval = approval.compareTo(leastApproval) < 0 ? leastApproval : approval;
        DowngradePolicy strictDowngrade = downgrade.compareTo(greatestDowngrade) > 0 ? greatestDowngrade : downgrade;
        return new DatabaseMigrationSpec(
                targetRevision,
                image,
                credentialsSecretRef,
                alembic,
                strictDowngrade,
                downgradeImage,
                mode,
                strictApproval,
                modelCheck,
                baseline,
                databaseRole,
                audit,
                lockTimeout,
                statementTimeout,
                timeout,
                checkInterval,
                suspend,
                job);
    }

    /** The spec of three lines that is the normal case. */
    public static DatabaseMigrationSpec of(String targetRevision, String image, String secret) {
        return new DatabaseMigrationSpec(
                targetRevision,
                image,
                new CredentialsSecretRef(secret, null, Map.of()),
                AlembicSettings.DEFAULT,
                DowngradePolicy.Requested,
                null,
                Mode.Apply,
                ApprovalPolicy.Never,
                ModelCheckPolicy.NEVER,
                null,
                null,
                null,
                Duration.ofSeconds(5),
                null,
                null,
                Duration.ofSeconds(60),
                false,
                JobSettings.DEFAULT);
    }
}
