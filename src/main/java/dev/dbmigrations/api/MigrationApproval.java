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

/**
 * A person's leave to run one plan of one migration (rule 7). A kind of its own, so that rights can be given to approve
 * and not to change, and to change and not to approve.
 */
@Group(DatabaseMigration.GROUP)
@Version(DatabaseMigration.VERSION)
@Kind(MigrationApproval.KIND)
@Singular("migrationapproval")
@Plural("migrationapprovals")
@ShortNames("dbma")
@JsonIgnoreProperties(ignoreUnknown = true)
@SuppressWarnings("serial")
public final class MigrationApproval extends CustomResource<MigrationApprovalSpec, MigrationApprovalStatus>
        implements Namespaced {

    public static final String KIND = "MigrationApproval";

    /** Fabric8 would look for a constructor without arguments, which records do not have. */
    @Override
    @NullUnmarked
    protected MigrationApprovalSpec initSpec() {
        return null;
    }

    /** Absent until somebody has looked. */
    @Override
    @NullUnmarked
    protected MigrationApprovalStatus initStatus() {
        return null;
    }
}
