package dev.dbmigrations.api;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * When the database's tables are compared with the models: {@code Never}, {@code AfterMigration}, or a duration, which
 * is after each migration and again whenever the last comparison is that old.
 *
 * @param wanted whether they are compared at all
 * @param every how old a comparison may grow; for ever when absent
 */
public record ModelCheckPolicy(boolean wanted, @Nullable Duration every) {

    public static final ModelCheckPolicy NEVER = new ModelCheckPolicy(false, null);
    public static final ModelCheckPolicy AFTER_MIGRATION = new ModelCheckPolicy(true, null);

    /** {@return what the text means; of a word from a newer version, never: nothing depends on it} */
    @JsonCreator
    public static ModelCheckPolicy of(String text) {
        if (text.equals("AfterMigration")) {
            return AFTER_MIGRATION;
        }
        Duration every = DurationText.parse(text);
        return every == null ? NEVER : new ModelCheckPolicy(true, every);
    }

    @JsonValue
    @Override
    public String toString() {
        return every != null ? DurationText.format(every) : wanted ? "AfterMigration" : "Never";
    }
}
