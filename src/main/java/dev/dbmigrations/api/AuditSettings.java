package dev.dbmigrations.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.Objects;

/**
 * What the database itself keeps of each step.
 *
 * @param table a table, beside the version table, or {@code schema.table}; as it is, without quotes
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record AuditSettings(String table) {

    public AuditSettings {
        table = Objects.requireNonNullElse(table, "");
    }
}
