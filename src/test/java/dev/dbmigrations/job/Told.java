package dev.dbmigrations.job;

import dev.dbmigrations.api.DatabaseMigrationStatus.VersionTable;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.job.RunResult.Outcome;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What a runner tells at its end, for tests: only what they care for has to be said. */
public final class Told {

    private final Outcome outcome;
    private @Nullable Reason reason;
    private @Nullable String message;
    private @Nullable String direction;
    private @Nullable List<String> from;
    private @Nullable List<String> current;
    private @Nullable List<String> resolvedTarget;
    private @Nullable List<String> heads;
    private @Nullable List<String> unknown;
    private @Nullable VersionTable versionTable = new VersionTable("public", "alembic_version");
    private RunResult.@Nullable Steps steps;
    private RunResult.@Nullable Failure failure;
    private RunResult.@Nullable Plan plan;
    private RunResult.@Nullable Models models;
    private RunResult.@Nullable Baselined baselined;

    private Told(Outcome outcome) {
        this.outcome = outcome;
    }

    public static Told ended(Outcome outcome) {
        return new Told(outcome);
    }

    public static Told succeeded() {
        return ended(Outcome.Succeeded);
    }

    public Told because(@Nullable Reason why, @Nullable String words) {
        reason = why;
        message = words;
        return this;
    }

    /** The rows before and after it; null for what was not read. It went up where they differ. */
    public Told between(@Nullable List<String> before, @Nullable List<String> after) {
        from = before;
        current = after;
        direction = Objects.equals(before, after) ? "None" : "Upgrade";
        return this;
    }

    public Told towards(@Nullable String way) {
        direction = way;
        return this;
    }

    /** What the target is in the image, and what its heads are. */
    public Told resolved(@Nullable List<String> target, @Nullable List<String> newest) {
        resolvedTarget = target;
        heads = newest;
        return this;
    }

    public Told without(@Nullable List<String> rows) {
        unknown = rows;
        return this;
    }

    public Told in(@Nullable VersionTable table) {
        versionTable = table;
        return this;
    }

    public Told executed(int done, int total) {
        steps = new RunResult.Steps(done, total);
        return this;
    }

    public Told failure(RunResult.@Nullable Failure what) {
        failure = what;
        return this;
    }

    public Told plan(RunResult.@Nullable Plan made) {
        plan = made;
        return this;
    }

    public Told models(RunResult.@Nullable Models compared) {
        models = compared;
        return this;
    }

    public Told baselined(String revision) {
        baselined = new RunResult.Baselined(revision);
        return this;
    }

    /** {@return the document} */
    public RunResult result() {
        return new RunResult(
                outcome,
                true,
                reason,
                message,
                direction,
                from,
                current,
                resolvedTarget,
                heads,
                unknown,
                0,
                versionTable,
                steps,
                failure,
                null,
                plan,
                models,
                baselined,
                1.5);
    }
}
