package dev.dbmigrations.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Whether the approval is for anything. For people only: what a migration does with an approval follows from the specs.
 *
 * @param plan the first digits of the plan's hash: a column of a table cannot cut it
 * @param conditions {@code Fits}
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record MigrationApprovalStatus(
        @Nullable String plan, @Nullable List<Condition> conditions) {

    /** The one condition: whether the approval fits the migration's present plan. */
    public static final String FITS = "Fits";

    /** {@return the condition {@code Fits}, once somebody has looked} */
    public Optional<Condition> fits() {
        return conditions == null
                ? Optional.empty()
                : conditions.stream()
                        .filter(condition -> FITS.equals(condition.getType()))
                        .findFirst();
    }
}
