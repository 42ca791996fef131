package dev.dbmigrations.api;

import java.util.List;

/** Sets of revision ids in words. */
public final class Revisions {

    /** The longest that a target can be, and so the longest id that can be reached; Alembic's own column has 32. */
    public static final int LONGEST = 255;

    private Revisions() {}

    /** {@return {@code a, b}; {@code base} for none} */
    public static String named(List<String> revisions) {
        return revisions.isEmpty() ? "base" : String.join(", ", revisions);
    }
}
