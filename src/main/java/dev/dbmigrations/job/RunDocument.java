package dev.dbmigrations.job;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.dbmigrations.api.AlembicSettings;
import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.job.SeenAttempt.Kind;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What one run shall do: the one JSON document that the runner is given, in {@link #VARIABLE}. The other side of this
 * contract is {@code document.py}.
 *
 * @param mode {@code apply}; {@code plan}: render what would be run, and run nothing; or {@code check}: compare the
 *     tables with the models
 * @param wayBack whether a plan shows the way back, too
 * @param image as people know it, for messages
 * @param rollbackTo the ids (or {@code label@id}) to go down to, as another image resolved the target, and never up
 *     (rule 6); null where this image resolves the target itself
 * @param expected what was decided on; the runner stops where it finds something else (rule 1)
 * @param downgrade what to do where the graph says that the way is down (rule 5)
 * @param baseline where to stamp a database without a version table, before the first step; null where it is not asked
 *     for
 * @param baselineRequired whether what was planned begins with that stamp, so that nothing may run without it
 * @param afterInterruption whether an earlier attempt died without telling how far it was (rule 10)
 * @param audit where each step is written down, and what is written that the run does not need for itself
 */
@JsonInclude(JsonInclude.Include.ALWAYS)
public record RunDocument(
        int version,
        String uid,
        int attempt,
        String mode,
        boolean wayBack,
        String image,
        String target,
        @Nullable List<String> rollbackTo,
        Expected expected,
        Downgrade downgrade,
        @Nullable String baseline,
        boolean baselineRequired,
        boolean afterInterruption,
        Alembic alembic,
        CredentialsFiles credentials,
        @Nullable String databaseRole,
        long lockTimeoutMillis,
        @Nullable Long statementTimeoutMillis,
        @Nullable Double timeoutSeconds,
        double lockWaitSeconds,
        String terminationMessagePath,

        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Audit audit) {

    /** Name of the environment variable. */
    public static final String VARIABLE = "DBMIGRATIONS_RUN";

    private static final String APPLY = "apply";
    private static final String PLAN = "plan";
    private static final String CHECK = "check";

    /** A check ends by itself, so that it never stays in anybody's way. */
    private static final double LONGEST_CHECK_SECONDS = 600;

    static final String CREDENTIALS_DIRECTORY = "/var/run/dbmigrations/credentials";
    static final String TERMINATION_MESSAGE_PATH = "/dev/termination-log";

    /** How long a run waits for the database's lock before it makes room for a new decision. */
    static final Duration LOCK_WAIT = Duration.ofSeconds(60);

    private static final JsonMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    /** What to do where the way is down. */
    public enum Downgrade {
        Allowed,
        /** By {@code spec.downgrade: Never}. */
        Forbidden,
        /** The spec did not ask for it: the database is ahead by somebody else's doing. */
        NotRequested
    }

    /** The rows and the database that were decided on. */
    public record Expected(List<String> revisions, Database database) {}

    /** Which database; a role that may not read the system identifier leaves it out. */
    public record Database(String name, long oid, @Nullable String systemIdentifier) {}

    /** The part of {@code spec.alembic} that the runner itself needs. */
    @JsonInclude(JsonInclude.Include.ALWAYS)
    public record Alembic(
            String config,
            String section,
            @Nullable String versionTable,
            @Nullable String versionTableSchema,
            List<String> arguments) {

        private static Alembic of(AlembicSettings settings) {
            return new Alembic(
                    settings.config(),
                    settings.section(),
                    settings.versionTable(),
                    settings.versionTableSchema(),
                    settings.arguments());
        }
    }

    /** Where the Secret's keys lie, and how they reach env.py. */
    @JsonInclude(JsonInclude.Include.ALWAYS)
    public record CredentialsFiles(
            String directory, @Nullable String key, Map<String, String> env) {}

    /**
     * The table that keeps each step.
     *
     * @param resource its namespace and name
     * @param imageDigest the very content that the pod runs, where that was known before it started
     */
    @JsonInclude(JsonInclude.Include.ALWAYS)
    public record Audit(
            String table,
            String resource,
            @Nullable String imageDigest,
            @Nullable String approvedBy) {}

    /** {@return the document for one attempt to bring a database to the spec's target} */
    public static RunDocument of(
            DatabaseMigrationSpec spec,
            String uid,
            int attempt,
            Expected expected,
            Downgrade downgrade,
            boolean afterInterruption) {
        Duration statementTimeout = spec.statementTimeout();
        Duration timeout = spec.timeout();
        return new RunDocument(
                1,
                uid,
                attempt,
                APPLY,
                false,
                spec.image(),
                spec.targetRevision(),
                null,
                expected,
                downgrade,
                spec.baseline(),
                false,
                afterInterruption,
                Alembic.of(spec.alembic()),
                new CredentialsFiles(
                        CREDENTIALS_DIRECTORY,
                        spec.credentialsSecretRef().key(),
                        spec.credentialsSecretRef().env()),
                spec.databaseRole(),
                spec.lockTimeout().toMillis(),
                statementTimeout == null ? null : statementTimeout.toMillis(),
                timeout == null ? null : timeout.toMillis() / 1000.0,
                LOCK_WAIT.toMillis() / 1000.0,
                TERMINATION_MESSAGE_PATH,
                null);
    }

    /** {@return the same for another image, with its own settings, which goes down to these ids (rule 6)} */
    public RunDocument rollingBack(String with, AlembicSettings settings, List<String> to) {
        Copy copy = new Copy();
        copy.image = with;
        copy.alembic = Alembic.of(settings);
        copy.target = to.isEmpty() ? "base" : String.join(",", to);
        copy.rollbackTo = to;
        copy.baseline = null;
        copy.baselineRequired = false;
        return copy.made();
    }

    /** {@return the same, rendered and not run} */
    public RunDocument planned() {
        Copy copy = new Copy();
        copy.mode = PLAN;
        copy.wayBack = true;
        return copy.made();
    }

    /** {@return the same for a run of what was planned: it stamps where the plan says, and nowhere else (rule 7)} */
    public RunDocument stamping(@Nullable String planned) {
        Copy copy = new Copy();
        copy.baseline = planned;
        copy.baselineRequired = planned != null;
        return copy.made();
    }

    /** {@return the same, and each step is written down there} */
    public RunDocument audited(Audit where) {
        Copy copy = new Copy();
        copy.audit = where;
        return copy.made();
    }

    /** {@return the same tree and database, to compare the tables with the models} */
    public RunDocument checking() {
        Copy copy = new Copy();
        copy.mode = CHECK;
        copy.wayBack = false;
        copy.rollbackTo = null;
        copy.baseline = null;
        copy.baselineRequired = false;
        copy.afterInterruption = false;
        copy.timeoutSeconds =
                timeoutSeconds == null ? LONGEST_CHECK_SECONDS : Math.min(timeoutSeconds, LONGEST_CHECK_SECONDS);
        return copy.made();
    }

    /** The same document, but for what is set. */
    private final class Copy {

        private String mode = RunDocument.this.mode;
        private boolean wayBack = RunDocument.this.wayBack;
        private String image = RunDocument.this.image;
        private String target = RunDocument.this.target;
        private @Nullable List<String> rollbackTo = RunDocument.this.rollbackTo;
        private @Nullable String baseline = RunDocument.this.baseline;
        private boolean baselineRequired = RunDocument.this.baselineRequired;
        private boolean afterInterruption = RunDocument.this.afterInterruption;
        private Alembic alembic = RunDocument.this.alembic;
        private @Nullable Double timeoutSeconds = RunDocument.this.timeoutSeconds;
        private @Nullable Audit audit = RunDocument.this.audit;

        private RunDocument made() {
            return new RunDocument(
                    version,
                    uid,
                    attempt,
                    mode,
                    wayBack,
                    image,
                    target,
                    rollbackTo,
                    expected,
                    downgrade,
                    baseline,
                    baselineRequired,
                    afterInterruption,
                    alembic,
                    credentials,
                    databaseRole,
                    lockTimeoutMillis,
                    statementTimeoutMillis,
                    timeoutSeconds,
                    lockWaitSeconds,
                    terminationMessagePath,
                    audit);
        }
    }

    /** {@return what an attempt with this document does} */
    Kind kind() {
        return switch (mode) {
            case PLAN -> Kind.Plan;
            case CHECK -> Kind.Check;
            default -> rollbackTo == null ? Kind.Apply : Kind.Rollback;
        };
    }

    /** {@return the document that a Job was started with; empty where this version cannot read it} */
    static Optional<RunDocument> ofEnvironment(String value) {
        try {
            return Optional.ofNullable(JSON.readValue(value.replace("$$", "$"), RunDocument.class));
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    /** {@return the value of {@link #VARIABLE}: Kubernetes expands {@code $(NAME)} there, and halves two dollars} */
    String toEnvironment() {
        return toJson().replace("$", "$$");
    }

    /** {@return the document as the runner reads it} */
    public String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a record of strings and numbers is always JSON", e);
        }
    }
}
