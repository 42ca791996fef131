package dev.dbmigrations.database;

import java.util.Optional;

/**
 * The name of a table, as the catalogue has it (unquoted).
 *
 * @param schema empty only in a question: the first table of that name on the connection's search path
 */
public record TableName(Optional<String> schema, String name) {

    /** Alembic's own name of the version table. */
    public static final TableName DEFAULT = new TableName(Optional.empty(), "alembic_version");

    /** {@return the table of that name in that schema} */
    public static TableName of(String schema, String name) {
        return new TableName(Optional.of(schema), name);
    }

    /** {@return the name as SQL takes it, each part quoted} */
    String quoted() {
        return schema.map(some -> quote(some) + ".").orElse("") + quote(name);
    }

    static String quote(String identifier) {
        return '"' + identifier.replace("\"", "\"\"") + '"';
    }

    /** As people write it: {@code public.alembic_version}. */
    @Override
    public String toString() {
        return schema.map(some -> some + "." + name).orElse(name);
    }
}
