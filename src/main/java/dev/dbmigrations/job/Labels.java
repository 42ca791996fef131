package dev.dbmigrations.job;

import dev.dbmigrations.api.DatabaseMigration;

/** What marks the Jobs and pods of ours. */
public final class Labels {

    public static final String MANAGED_BY = "app.kubernetes.io/managed-by";
    public static final String MANAGED_BY_US = "dbmigrations";

    /** The server-side selector of both informers. */
    public static final String SELECTOR = MANAGED_BY + "=" + MANAGED_BY_US;

    /** The resource's uid: a resource that was deleted and made again under its name has another. */
    public static final String UID = DatabaseMigration.GROUP + "/uid";

    public static final String ATTEMPT = DatabaseMigration.GROUP + "/attempt";
    public static final String GENERATION = DatabaseMigration.GROUP + "/generation";

    /** An annotation: a resource's name may be longer than a label. */
    public static final String NAME = DatabaseMigration.GROUP + "/name";

    /** Annotations of a Job that runs a plan: the plan's hash, and who approved it. */
    public static final String PLAN = DatabaseMigration.GROUP + "/plan";

    public static final String APPROVED_BY = DatabaseMigration.GROUP + "/approved-by";

    /** Kubernetes' own, on each pod of a Job: the Job's name. */
    public static final String JOB = "batch.kubernetes.io/job-name";

    private Labels() {}
}
