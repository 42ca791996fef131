package dev.dbmigrations.api;

import com.fasterxml.jackson.annotation.JsonCreator;

/** What the operator does about a database that is not at the target. */
public enum Mode {
    /** It brings the database there. */
    Apply,
    /** It renders what would be run, and never runs it. */
    Plan;

    /** {@return the mode of that name; of a name from a newer version, the one that does least} */
    @JsonCreator
    static Mode of(String name) {
        return name.equals(Apply.name()) ? Apply : Plan;
    }
}
