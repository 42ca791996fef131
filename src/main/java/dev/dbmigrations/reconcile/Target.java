package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DatabaseMigrationStatus.Attempt;
import dev.dbmigrations.api.DatabaseMigrationStatus.DatabaseIdentity;
import dev.dbmigrations.api.DatabaseMigrationStatus.LastReached;
import dev.dbmigrations.api.DatabaseMigrationStatus.ResolvedFor;
import dev.dbmigrations.api.DatabaseMigrationStatus.VersionTable;
import dev.dbmigrations.database.Credentials;
import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.job.RunDocument.Downgrade;
import dev.dbmigrations.reconcile.SecretState.Present;
import java.util.List;
import java.util.Optional;

/** What can be said of the target without the graph, which only the image has. */
final class Target {

    private Target() {}

    /**
     * Whether the rows are known to be at the target (rule 4). False also means 'unknown': then a run asks the graph.
     *
     * <p>Known they are when the target is the one row, word for word; when {@code base} is wanted and a version table
     * without rows was found; and when a run has said before what this target means in this image.
     */
    static boolean reached(Observation seen, AtRevisions current) {
        List<String> rows = current.revisions();
        DatabaseMigrationSpec spec = seen.spec();
        if (spec.targetRevision().equals("base")) {
            return rows.isEmpty() && current.versionTable().isPresent();
        }
        if (rows.equals(List.of(spec.targetRevision()))) {
            return true;
        }
        DatabaseMigrationStatus status = seen.status();
        if (!mayBeReached(spec.targetRevision(), current) || !resolvedFor(spec).equals(status.resolvedFor())) {
            return false;
        }
        List<String> resolved = status.resolvedTarget();
        LastReached last = status.lastReached();
        return (resolved != null && rows.equals(resolved.stream().sorted().toList()))
                || (last != null
                        && last.revisions().equals(rows)
                        && last.targetRevision().equals(spec.targetRevision())
                        && last.image().equals(spec.image())
                        && spec.alembic().equals(last.alembic()));
    }

    /**
     * Whether these rows can be the target at all, whatever a run says: none are base, and base is none. Without rows,
     * the base of a branch can have been reached, too, but a table without rows is not 'no table'.
     */
    static boolean mayBeReached(String target, AtRevisions current) {
        boolean none = current.revisions().isEmpty();
        return target.equals("base")
                ? none
                : !none || (target.endsWith("@base") && current.versionTable().isPresent());
    }

    /** {@return what a resolved target holds for} */
    static ResolvedFor resolvedFor(DatabaseMigrationSpec spec) {
        return new ResolvedFor(spec.targetRevision(), spec.image(), spec.alembic());
    }

    /**
     * Leave to go down (rule 5). {@code Requested}: this resource's target moved by a change of spec, and the database
     * is exactly where this resource left it: at {@code lastReached}, or half-way down from there.
     */
    static Downgrade downgrade(Observation seen, AtRevisions current) {
        return switch (seen.spec().downgrade()) {
            case Never -> Downgrade.Forbidden;
            case Always -> symbolic(seen.spec().targetRevision()) ? Downgrade.NotRequested : Downgrade.Allowed;
            case Requested -> requested(seen, current) ? Downgrade.Allowed : Downgrade.NotRequested;
        };
    }

    /** Whether a change of spec asks to go down from these rows. */
    static boolean requested(Observation seen, AtRevisions current) {
        LastReached last = seen.status().lastReached();
        String target = seen.spec().targetRevision();
        return last != null && !symbolic(target) && !target.equals(last.targetRevision()) && leftHere(seen, current);
    }

    /** Whether this resource brought the database to these rows: to its last target, or half-way down from there. */
    static boolean leftHere(Observation seen, AtRevisions current) {
        LastReached last = seen.status().lastReached();
        Attempt attempt = seen.status().attempt();
        boolean halfWay = attempt != null && current.revisions().equals(attempt.mayDowngradeFrom());
        return last != null
                && sameDatabase(last.database(), seen, current)
                && (current.revisions().equals(last.revisions()) || halfWay);
    }

    static boolean sameDatabase(DatabaseIdentity then, Observation seen, AtRevisions current) {
        return identity(seen.secret(), current).filter(then::equals).isPresent();
    }

    /** {@return which database was read: host and port as the Secret says, the rest as the database itself says} */
    static Optional<DatabaseIdentity> identity(SecretState secret, AtRevisions current) {
        if (!(secret instanceof Present(String version, Credentials credentials))) {
            return Optional.empty();
        }
        return Optional.of(new DatabaseIdentity(
                credentials.host(),
                credentials.port(),
                current.database().name(),
                current.database().systemIdentifier(),
                versionTable(current).orElse(null)));
    }

    /** {@return the version table that was read} */
    static Optional<VersionTable> versionTable(AtRevisions current) {
        return current.versionTable()
                .map(table -> new VersionTable(table.schema().orElse(""), table.name()));
    }

    /** Whether the target means what the tree happens to end with, rather than a revision. */
    static boolean symbolic(String target) {
        return target.equals("head") || target.equals("heads") || target.endsWith("@head") || target.endsWith("@heads");
    }
}
