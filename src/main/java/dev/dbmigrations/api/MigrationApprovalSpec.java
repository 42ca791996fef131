package dev.dbmigrations.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What somebody approves. Never changed: another plan takes another approval.
 *
 * @param migration name of the DatabaseMigration, in the same namespace
 * @param planHash the plan's hash, as the migration's status has it: 64 hexadecimal digits in small letters
 * @param approvedBy who approves; 1 to 253 characters
 * @param comment why, for those who read the history
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record MigrationApprovalSpec(
        String migration,
        String planHash,
        String approvedBy,
        @Nullable String comment) {

    /** An approval that says nothing fits nothing: empty texts are no migration's name and no plan's hash. */
    public MigrationApprovalSpec {
        migration = Objects.requireNonNullElse(migration, "");
        planHash = Objects.requireNonNullElse(planHash, "");
        approvedBy = Objects.requireNonNullElse(approvedBy, "");
    }

    /** {@return whether this is leave for that plan of that migration, which is in the approval's namespace} */
    public boolean covers(String migrationName, String hash) {
        return !hash.isEmpty() && migration.equals(migrationName) && planHash.equals(hash);
    }
}
