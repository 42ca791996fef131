package dev.dbmigrations.reconcile;

import static dev.dbmigrations.reconcile.Target.resolvedFor;

import dev.dbmigrations.api.AlembicSettings;
import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DatabaseMigrationStatus.LastReached;
import dev.dbmigrations.api.DatabaseMigrationStatus.Migration;
import dev.dbmigrations.api.DowngradePolicy;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.api.Revisions;
import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.job.PlanConfigMap;
import dev.dbmigrations.job.RunResult;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.Tree;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Rolling back to an older image (rule 6). The spec's image does not contain where the database is, so it can say what
 * the target is, and not how to go there; the image that brought the database there can. Pure.
 */
final class Rollback {

    private Rollback() {}

    /**
     * A way down.
     *
     * @param image that goes it, as people know it
     * @param tree the same as a pod runs it, with its own settings
     * @param to what the spec's image resolved the target to: ids, each with the target's branch label where it has one
     */
    record Way(String image, Tree tree, List<String> to) {

        /** {@return the image, by its content where its name would not tell it from the spec's} */
        private String said(DatabaseMigrationSpec spec) {
            return image.equals(spec.image()) ? tree.image() : image;
        }

        /** {@return the target as a runner is asked for it} */
        String target() {
            return to.isEmpty() ? "base" : String.join(",", to);
        }
    }

    /** {@return the way down from these rows, where the spec's image is known to lack them and there is leave to go it} */
    static Optional<Way> way(Observation seen, AtRevisions current) {
        DatabaseMigrationStatus status = seen.status();
        List<String> unknown = Objects.requireNonNullElse(status.unknownRevisions(), List.of());
        List<String> target = status.resolvedTarget();
        return target != null
                        && resolvedFor(seen.spec()).equals(status.resolvedFor())
                        && current.revisions().stream().anyMatch(unknown::contains)
                ? any(seen, current, target).filter(way -> leave(seen, current))
                : Optional.empty();
    }

    /** Whether the attempt found rows that the spec's image lacks: no failure yet, where a rollback can follow. */
    static boolean isDue(Observation seen, SeenAttempt attempt, RunResult result) {
        return !attempt.isRollback()
                && attempt.generation() == seen.generation()
                && result.reason() == Reason.RevisionNotFound
                && result.unknown() != null
                && result.resolvedTarget() != null;
    }

    /** {@return why no rollback follows on what this attempt found; empty where one does} */
    static Optional<Refusal> refusal(Observation seen, RunResult found, AtRevisions current) {
        List<String> unknown = Objects.requireNonNull(found.unknown());
        List<String> target = Objects.requireNonNull(found.resolvedTarget());
        Optional<Way> way = any(seen, current, target);
        if (way.isEmpty()) {
            return Optional.of(new Refusal(
                    Reason.RevisionNotFound,
                    "the database is at revision " + Revisions.named(unknown) + ", which is not in image "
                            + seen.spec().image()
                            + ": use the image that applied it, or a newer one; to go down with it"
                            + " instead, name it in spec.downgradeImage, with downgrade: Always"));
        }
        return leave(seen, current) ? Optional.empty() : Optional.of(withoutLeave(seen, current, unknown, way.get()));
    }

    /** Why a database stays where it is. */
    record Refusal(Reason reason, String message) {}

    /** Rule 5: neither the target's move nor {@code downgrade: Always} gives leave. */
    private static Refusal withoutLeave(Observation seen, AtRevisions current, List<String> unknown, Way way) {
        DatabaseMigrationSpec spec = seen.spec();
        String with = way.said(spec);
        boolean named = way.image().equals(spec.downgradeImage());
        String whence = Target.leftHere(seen, current)
                ? "it was applied by image " + with
                : "this resource did not bring the database there, "
                        + (named ? "and spec.downgradeImage names " : "and last used ") + with;
        String fact = "revision " + Revisions.named(unknown) + " is not in image " + spec.image() + "; " + whence;
        if (spec.downgrade() == DowngradePolicy.Never) {
            return new Refusal(
                    Reason.DowngradeForbidden,
                    fact + ", and downgrade: Never forbids to go down with that one to " + Revisions.named(way.to())
                            + ": write" + " downgrade: Always, or an image that has both");
        }
        boolean byId = Target.leftHere(seen, current) && way.to().size() == 1 && Target.symbolic(spec.targetRevision());
        return new Refusal(
                Reason.DatabaseAhead,
                fact + ": write " + (byId ? "targetRevision: " + way.to().getFirst() + " or " : "")
                        + "downgrade: Always to go down with that one to " + Revisions.named(way.to()) + ", or image: "
                        + with
                        + " to stay");
    }

    /** {@return why a rollback failed, where the runner, which knows one image only, cannot say it all} */
    static Optional<Refusal> failure(Observation seen, SeenAttempt attempt, RunResult result, AtRevisions after) {
        String image = attempt.asked().image();
        String from = Revisions.named(attempt.asked().expected());
        if (!attempt.isRollback()) {
            return Optional.empty();
        }
        if (!Failures.readWhere(result, after)) {
            return Optional.of(new Refusal(
                    Reason.EnvironmentFailed,
                    "image " + image + ", with which to go down, keeps its revisions in another table than the one in"
                            + " which the database is at " + from + ": write an image that contains " + from));
        }
        if (result.reason() != Reason.RevisionNotFound) {
            return Optional.empty();
        }
        return Optional.of(new Refusal(
                Reason.RevisionNotFound,
                result.unknown() == null
                        ? "image " + image + ", with which to go down from " + from + ", does not contain "
                                + attempt.asked().target() + ", which is the target in image "
                                + seen.spec().image() + ": write a target or an image so that one contains both"
                        : "revision " + Revisions.named(result.unknown()) + " is neither in image "
                                + seen.spec().image() + " nor in image " + image
                                + ", with which to go down: write an image that contains it"));
    }

    /** {@return what the status says while the image of a rollback cannot be had} */
    static String imageMissing(Observation seen, SeenAttempt attempt, String why) {
        String image = attempt.asked().image();
        return "image " + image + ", with which to go down from "
                + Revisions.named(attempt.asked().expected()) + ", cannot be pulled (" + why
                + "): restore it in its registry, or name another image that has these revisions in"
                + " spec.downgradeImage"
                + keptWayBack(seen, attempt)
                        .map(configMap -> "; how the way down was planned is in ConfigMap " + configMap)
                        .orElse("");
    }

    /** {@return the ConfigMap of the plan that led to where the attempt sets out, and has the way back as well} */
    private static Optional<String> keptWayBack(Observation seen, SeenAttempt attempt) {
        return Objects.requireNonNullElse(seen.status().history(), List.<Migration>of()).stream()
                .limit(1)
                .filter(last -> last.direction().equals("Upgrade")
                        && last.to().stream()
                                .sorted()
                                .toList()
                                .equals(attempt.asked().expected()))
                .flatMap(last -> Optional.ofNullable(last.planHash()).stream())
                .map(hash -> PlanConfigMap.name(seen.name().getName(), hash))
                .findFirst();
    }

    /** Whether the spec gives leave to go down (rule 5), to {@code head} as well: here the graph is not the target's own. */
    private static boolean leave(Observation seen, AtRevisions current) {
        return switch (seen.spec().downgrade()) {
            case Never -> false;
            case Always -> true;
            case Requested -> Target.requested(seen, current);
        };
    }

    /** The remembered image; {@code spec.downgradeImage} only where none is remembered that could help. */
    private static Optional<Way> any(Observation seen, AtRevisions current, List<String> resolved) {
        List<String> to = onTheSameBranch(seen.spec().targetRevision(), resolved);
        Optional<LastReached> last = Optional.ofNullable(seen.status().lastReached())
                .filter(reached -> Target.sameDatabase(reached.database(), seen, current));
        AlembicSettings settings =
                last.map(LastReached::alembic).orElse(seen.spec().alembic());
        Optional<Way> remembered = last.map(reached ->
                        new Way(reached.image(), Tree.asItRan(reached.image(), reached.imageDigest(), settings), to))
                .filter(way -> !isTheSpecs(way, seen));
        String named = seen.spec().downgradeImage();
        boolean gone = last.filter(reached -> Boolean.TRUE.equals(reached.imageMissing()))
                .isPresent();
        return named != null && (gone || remembered.isEmpty())
                ? Optional.of(new Way(named, new Tree(named, settings), to))
                : remembered;
    }

    private static List<String> onTheSameBranch(String target, List<String> resolved) {
        String label = target.substring(0, target.lastIndexOf('@') + 1);
        return resolved.stream().map(id -> id.contains("@") ? id : label + id).toList();
    }

    /** Whether it is the very tree that was found to lack the rows; a tag may have moved since it was remembered. */
    private static boolean isTheSpecs(Way way, Observation seen) {
        DatabaseMigrationSpec spec = seen.spec();
        return way.image().equals(spec.image())
                && way.tree().alembic().equals(spec.alembic())
                && Optional.ofNullable(ranLast(seen))
                        .filter(id -> !Tree.asItRan(spec.image(), id, spec.alembic())
                                .image()
                                .equals(way.tree().image()))
                        .isEmpty();
    }

    private static @Nullable String ranLast(Observation seen) {
        return seen.attempts().stream()
                .filter(attempt -> !attempt.isRollback())
                .findFirst()
                .map(SeenAttempt::imageDigest)
                .orElse(null);
    }
}
