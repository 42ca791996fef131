package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.AlembicSettings;
import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DatabaseMigrationStatus.Database;
import dev.dbmigrations.api.DatabaseMigrationStatus.VersionTable;
import dev.dbmigrations.database.Identity;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The resource that a database belongs to, where it is another one (rule 12): of all for one database and version table
 * the oldest.
 *
 * @param name its name; empty where it is in another namespace, whose names are nobody's business here
 * @param sure whether this resource's version table is known to be the same: before a run has told, it is not
 */
record Owner(Optional<String> name, boolean sure) {

    /** Of the resources' cache: those for one database. */
    static final String INDEX = "database";

    private static final Comparator<DatabaseMigration> BY_AGE =
            Comparator.<DatabaseMigration, String>comparing(Owner::createdAt).thenComparing(Owner::uid);

    /** {@return the keys under which a resource is found: the database that it was last read in} */
    static List<String> keys(DatabaseMigration resource) {
        return resource.getStatus() == null || resource.getStatus().database() == null
                ? List.of()
                : List.of(key(resource.getStatus().database()));
    }

    static String key(Database database) {
        return database.systemIdentifier() + "/" + database.oid() + "/" + database.address() + "/" + database.port();
    }

    static Database database(Identity read) {
        return new Database(read.name(), read.oid(), read.systemIdentifier(), read.serverAddress(), read.serverPort());
    }

    /**
     * {@return the owner, where it is not this resource}
     *
     * @param read the version table that was found for this resource, where there is one
     * @param all the resources for the database that this one was read in
     */
    static Optional<Owner> of(
            DatabaseMigration resource, Optional<VersionTable> read, Collection<DatabaseMigration> all) {
        AlembicSettings settings = resource.getSpec().alembic();
        String named = settings.versionTable();
        Optional<VersionTable> own = named == null
                ? Optional.of(resource).filter(Owner::knowsItsTable).flatMap(Owner::table)
                : read.or(() -> inSchema(settings.versionTableSchema(), named));
        return all.stream()
                .filter(other -> !uid(other).equals(uid(resource)) && BY_AGE.compare(other, resource) < 0)
                .filter(Owner::knowsItsTable)
                .filter(older -> own.isPresent() ? table(older).equals(own) : mayBe(named, table(older)))
                .min(BY_AGE)
                .map(older -> new Owner(
                        Optional.of(older.getMetadata())
                                .filter(meta -> meta.getNamespace()
                                        .equals(resource.getMetadata().getNamespace()))
                                .map(ObjectMeta::getName),
                        own.isPresent()));
    }

    private static Optional<VersionTable> inSchema(@Nullable String schema, String name) {
        return Optional.ofNullable(schema).map(known -> new VersionTable(known, name));
    }

    private static boolean mayBe(@Nullable String name, Optional<VersionTable> table) {
        return name == null || table.filter(of -> of.name().equals(name)).isPresent();
    }

    /**
     * Whether the table that the status names is the one that env.py keeps: the spec says so, or a run did. What was
     * found where the search path leads may be another resource's.
     */
    private static boolean knowsItsTable(DatabaseMigration resource) {
        DatabaseMigrationStatus status = resource.getStatus();
        return status != null
                && status.versionTable() != null
                && (resource.getSpec().alembic().versionTable() != null
                        || status.head() != null
                        || (status.lastReached() != null
                                && resource.getSpec()
                                        .alembic()
                                        .equals(status.lastReached().alembic())));
    }

    private static Optional<VersionTable> table(DatabaseMigration resource) {
        return Optional.ofNullable(resource.getStatus()).map(DatabaseMigrationStatus::versionTable);
    }

    private static String createdAt(DatabaseMigration resource) {
        return Objects.requireNonNullElse(resource.getMetadata().getCreationTimestamp(), "");
    }

    private static String uid(DatabaseMigration resource) {
        return resource.getMetadata().getUid();
    }

    /** {@return the owner and what to do, in a sentence} */
    String inWords(Database database, Optional<VersionTable> table) {
        String who = name.map(known -> "DatabaseMigration " + known + ", which is older, is")
                .orElse("a DatabaseMigration in another namespace, which is older, is");
        return who + " for the same database (" + database.name() + " at " + database.address() + ":"
                + database.port() + ") and version table ("
                + table.map(known -> known.schema() + "." + known.name()).orElse("alembic_version")
                + "), and owns it: delete one of the two, or give this one a version table of its own";
    }
}
