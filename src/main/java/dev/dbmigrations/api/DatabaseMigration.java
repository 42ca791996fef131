package dev.dbmigrations.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Kind;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Singular;
import io.fabric8.kubernetes.model.annotation.Version;
import org.jspecify.annotations.NullUnmarked;

/** One database, and the Alembic revision that it shall be at. */
@Group(DatabaseMigration.GROUP)
@Version(DatabaseMigration.VERSION)
@Kind(DatabaseMigration.KIND)
@Singular("databasemigration")
@Plural("databasemigrations")
@ShortNames({"dbmigrations", "dbm"})
@JsonIgnoreProperties(ignoreUnknown = true)
@SuppressWarnings("serial")
public final class DatabaseMigration extends CustomResource<DatabaseMigrationSpec, DatabaseMigrationStatus>
        implements Namespaced {

    public static final String GROUP = "dbmigrations.dev";
    public static final String VERSION = "v1alpha1";
    public static final String KIND = "DatabaseMigration";

    /** Its value, when changed, asks for a new attempt after a failure that is not retried by itself. */
    public static final String RETRY_ANNOTATION = GROUP + "/retry";

    /** Fabric8 would look for a constructor without arguments, which records do not have. */
    @Override
    @NullUnmarked
    protected DatabaseMigrationSpec initSpec() {
        return null;
    }

    /** Absent until somebody has looked: never an empty status that seems to say something. */
    @Override
    @NullUnmarked
    protected DatabaseMigrationStatus initStatus() {
        return null;
    }
}
