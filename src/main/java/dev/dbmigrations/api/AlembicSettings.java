package dev.dbmigrations.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where the Alembic tree is, and what runs it.
 *
 * @param config path of the configuration file, as {@code alembic -c} takes it
 * @param workingDir folder to run in; the image's own when absent
 * @param section section of the configuration file, as {@code alembic -n} takes it
 * @param python the interpreter: a name on the path or an absolute path
 * @param versionTable table that keeps the current revision; what env.py configures when absent
 * @param versionTableSchema that table's schema; what env.py configures when absent
 * @param arguments Alembic's {@code -x key=value}
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record AlembicSettings(
        String config,
        @Nullable String workingDir,
        String section,
        String python,
        @Nullable String versionTable,
        @Nullable String versionTableSchema,
        List<String> arguments) {

    public static final AlembicSettings DEFAULT = new AlembicSettings("", null, "", "", null, null, List.of());

    public AlembicSettings {
        config = orElse(config, "alembic.ini");
        section = orElse(section, "alembic");
        python = orElse(python, "python3");
        arguments = Lenient.list(arguments);
    }

    private static String orElse(@Nullable String value, String fallback) {
        String given = Objects.requireNonNullElse(value, "");
        return given.isEmpty() ? fallback : given;
    }
}
