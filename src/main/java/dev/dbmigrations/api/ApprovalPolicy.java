package dev.dbmigrations.api;

import com.fasterxml.jackson.annotation.JsonCreator;

/** Which plans wait for a person (rule 7). Ordered: each is stricter than the one before. */
public enum ApprovalPolicy {
    /** None; and no plan is made. */
    Never,
    /** Those that destroy data, or of which that cannot be known. */
    Destructive,
    /** All. */
    Always;

    /** {@return the policy of that name; of a name from a newer version, the strictest} */
    @JsonCreator
    static ApprovalPolicy of(String name) {
        for (ApprovalPolicy policy : values()) {
            if (policy.name().equals(name)) {
                return policy;
            }
        }
        return Always;
    }
}
