package dev.dbmigrations.api;

import java.util.List;

/** Sets of revision ids in words. */
public final class Revisions {

    private Revisions() {}

    /** {@return {@code a, b}; {@code base} for none} */
    public static String named(List<String> revisions) {
        return revisions.isEmpty() ? "base" : String.join(", ", revisions);
    }
}
