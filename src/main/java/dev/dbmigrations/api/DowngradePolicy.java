package dev.dbmigrations.api;

import com.fasterxml.jackson.annotation.JsonCreator;

/** Whether the operator may take a database down (rule 5). Ordered: each allows more than the one before. */
public enum DowngradePolicy {
    /** Not at all. */
    Never,
    /** When this resource's target moved to another revision and nobody else moved the database meanwhile. */
    Requested,
    /** Also a database that somebody else moved ahead, down to a revision's id. */
    Always;

    /** {@return the policy of that name; of a name from a newer version, the one that does least} */
    @JsonCreator
    static DowngradePolicy of(String name) {
        for (DowngradePolicy policy : values()) {
            if (policy.name().equals(name)) {
                return policy;
            }
        }
        return Never;
    }
}
