package dev.dbmigrations.job;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A plan, as the runner rendered it. The other side of this contract is {@code plan.py}.
 *
 * @param target as it was asked for
 * @param from rows that the plan begins at
 * @param to rows that it leads to, as the graph foretells them
 * @param direction {@code Upgrade}, {@code Downgrade} or {@code None}
 * @param baseline the stamp that comes first; null where there is none
 * @param steps in the order in which they run
 * @param wayBack the way down again; null where it was not asked for or the way is not up
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record PlanDocument(
        int version,
        String target,
        List<String> resolvedTarget,
        List<String> from,
        List<String> to,
        String direction,
        @Nullable Baseline baseline,
        List<Step> steps,
        @Nullable WayBack wayBack) {

    /**
     * What takes the place of the revisions up to {@code spec.baseline}.
     *
     * @param sql what Alembic prints for it
     * @param unread revisions of which it is not known what they leave behind, so that it was not looked for
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Baseline(String revision, String sql, List<String> unread) {

        public Baseline {
            revision = known(revision);
            sql = known(sql);
            unread = known(unread);
        }
    }

    /**
     * The way down again.
     *
     * @param whyNot why it ends before the plan's own begin, where it does
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record WayBack(@Nullable String whyNot, List<String> from, List<String> to, List<Step> steps) {

        public WayBack {
            from = known(from);
            to = known(to);
            steps = known(steps);
        }
    }

    /**
     * One revision, up or down.
     *
     * @param message first line of the revision's docstring
     * @param sql what Alembic prints for it; incomplete where {@code rendered} is false
     * @param whyNot why it could not be rendered
     * @param destroys a sentence for each thing that destroys data or is not understood
     * @param hazards a sentence for each thing that PostgreSQL refuses, or that locks or rewrites
     * @param cannotBeUndone why there is no way back from this step
     * @param sourceSha256 of the revision's file
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Step(
            String revision,
            String message,
            String direction,
            String sql,
            boolean rendered,
            @Nullable String whyNot,
            List<Operation> operations,
            List<String> destroys,
            List<String> hazards,
            @Nullable String cannotBeUndone,
            @Nullable String sourceSha256) {

        public Step {
            revision = known(revision);
            message = known(message);
            direction = known(direction);
            sql = known(sql);
            operations = known(operations);
            destroys = known(destroys);
            hazards = known(hazards);
        }
    }

    /**
     * What a revision calls on Alembic's {@code op}.
     *
     * @param kind as {@code drop_column}
     * @param object as {@code user.name}; empty where there is nothing to name
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Operation(String kind, String object) {

        public Operation {
            kind = known(kind);
            object = known(object);
        }
    }

    public PlanDocument {
        target = known(target);
        resolvedTarget = known(resolvedTarget);
        from = known(from);
        to = known(to);
        direction = known(direction);
        steps = known(steps);
    }

    /** {@return whether a step destroys data, or does what is not understood} */
    public boolean destructive() {
        return steps.stream().anyMatch(step -> !step.destroys().isEmpty());
    }

    private static String known(@Nullable String text) {
        return text == null ? "" : text;
    }

    private static <T> List<T> known(@Nullable List<T> list) {
        return list == null ? List.of() : list.stream().filter(Objects::nonNull).toList();
    }
}
