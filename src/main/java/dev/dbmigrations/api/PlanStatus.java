package dev.dbmigrations.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import dev.dbmigrations.api.DatabaseMigrationStatus.DatabaseIdentity;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What would be run, in short; the SQL itself is in the ConfigMap.
 *
 * @param hash what an approval names: 64 hexadecimal digits over the plan document, the image's digest and what the plan
 *     was made for (rule 7)
 * @param direction {@code Upgrade} or {@code Downgrade}
 * @param from rows that it was made from; it runs from no others
 * @param to rows that it leads to
 * @param baseline where the database is stamped before the first step; absent where it is not
 * @param stepCount how many steps it has
 * @param steps the first of them
 * @param destructive whether a step destroys data, or may
 * @param configMap name of the ConfigMap with all of it
 * @param imageDigest what the container runtime says that it was rendered with, and so what it runs with
 * @param madeFor what was asked; for something else there will be another plan
 * @param at when it was made
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record PlanStatus(
        String hash,
        String direction,
        List<String> from,
        List<String> to,
        @Nullable String baseline,
        int stepCount,
        List<Step> steps,
        boolean destructive,
        String configMap,
        String imageDigest,
        MadeFor madeFor,
        Instant at) {

    /** What a newer version wrote otherwise is read as a plan that is none of this version's. */
    public PlanStatus {
        hash = Objects.requireNonNullElse(hash, "");
        direction = Objects.requireNonNullElse(direction, "");
        configMap = Objects.requireNonNullElse(configMap, "");
        imageDigest = Objects.requireNonNullElse(imageDigest, "");
        madeFor = Objects.requireNonNullElse(madeFor, MadeFor.NOTHING);
        at = Objects.requireNonNullElse(at, Instant.EPOCH);
        from = Lenient.list(from);
        to = Lenient.list(to);
        steps = Lenient.list(steps);
    }

    /** {@return what a person wants to know of it first: how many steps, where to, and what they destroy} */
    public String inWords() {
        long known = steps.stream().filter(step -> !step.destroys().isEmpty()).count();
        String destroying = !destructive
                ? "none of which destroys data"
                : (known == 0 || steps.size() < stepCount ? "some" : Long.toString(known))
                        + " of which destroy data, or may";
        String stamp =
                baseline == null ? "" : "a stamp at revision " + baseline + ", where the database is taken to be";
        if (stepCount == 0) {
            return stamp + ", and no step";
        }
        return (stamp.isEmpty() ? "" : stamp + ", and ")
                + (stepCount == 1 ? "1 step" : stepCount + " steps")
                + (direction.equals("Downgrade") ? " down to " : " up to ")
                + Revisions.named(to) + ", " + destroying;
    }

    /**
     * One revision, up or down.
     *
     * @param message the first line of the revision's docstring
     * @param destroys what it destroys, a sentence each
     * @param cannotBeUndone why there is no way back from it; absent where there is one
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record Step(
            String revision,
            @Nullable String message,
            List<String> destroys,
            @Nullable String cannotBeUndone) {

        public Step {
            destroys = Lenient.list(destroys);
        }
    }

    /**
     * What a plan was made for.
     *
     * @param targetRevision as the runner was asked
     * @param image as the pod named it
     * @param databaseRole role that it runs as
     * @param baseline the spec's, where there was no version table
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record MadeFor(
            String targetRevision,
            String image,
            AlembicSettings alembic,
            @Nullable String databaseRole,
            @Nullable String baseline,
            DatabaseIdentity database) {

        private static final MadeFor NOTHING =
                new MadeFor("", "", AlembicSettings.DEFAULT, null, null, new DatabaseIdentity("", 0, "", null, null));

        public MadeFor {
            targetRevision = Objects.requireNonNullElse(targetRevision, "");
            image = Objects.requireNonNullElse(image, "");
            alembic = Objects.requireNonNullElse(alembic, AlembicSettings.DEFAULT);
            database = Objects.requireNonNullElseGet(database, () -> new DatabaseIdentity("", 0, "", null, null));
        }
    }
}
