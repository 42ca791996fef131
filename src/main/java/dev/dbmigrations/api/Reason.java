package dev.dbmigrations.api;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonEnumDefaultValue;

/** Why a resource is as it is: the reason of its condition {@code Ready}, with what its user should do. */
public enum Reason {
    AtTarget(Kind.READY, "The database is at the target. Nothing to do."),
    Planned(
            Kind.READY,
            "spec.mode is Plan, and what would be run is in status.plan and in the ConfigMap that it names. Set"
                    + " spec.mode to Apply to run it."),

    Pending(Kind.RECONCILING, "Nothing was looked at yet. Wait."),
    Applying(Kind.RECONCILING, "A Job is moving the database. Wait; the status shows the step in progress."),
    Planning(Kind.RECONCILING, "A Job renders what would be run, and runs nothing. Wait."),
    AwaitingApproval(
            Kind.RECONCILING,
            "The plan in status.plan waits for a person, because of spec.approval or the operator's policy. Read the"
                    + " ConfigMap that the message names, then make the MigrationApproval that it shows."),
    WaitingForLock(
            Kind.RECONCILING,
            "Another migration of the same database holds the lock, or a statement of an earlier one still runs."
                    + " The message names the session; end it if it should not be there."),
    WaitingForPod(
            Kind.RECONCILING,
            "The Job's pod does not start: it cannot be scheduled, its image cannot be pulled, or its Secret is gone; or"
                    + " its node is silent, and the pod may work on there. The message says which; mend the image, its"
                    + " pull secret, the Secret or the cluster. Where it is the image of a rollback that is gone, restore"
                    + " it, or name another in spec.downgradeImage."),
    PodRejected(
            Kind.RECONCILING,
            "The cluster refuses to create the Job's pod (quota, policy, a missing service account). The message is"
                    + " the cluster's own."),
    Suspended(
            Kind.RECONCILING, "spec.suspend is true and the database is not at the target. Set it to false to go on."),

    DatabaseUnreachable(
            Kind.RETRIED,
            "The database does not answer, or takes nothing at the moment: it is read-only, full or out of connections. It"
                    + " is tried again with a growing pause, at most a minute; a database that answers or can be written"
                    + " to again is noticed within seconds."),
    CredentialsRefused(
            Kind.RETRIED,
            "The database refuses the user, the password or a right that is needed. Mend the Secret or the role; a"
                    + " changed Secret is noticed within seconds."),
    CredentialsNotFound(Kind.RETRIED, "The Secret does not exist in the resource's namespace. Create it."),
    LockTimeout(
            Kind.RETRIED,
            "A lock could not be had in time, or a deadlock was broken. It is tried again with a growing pause; see"
                    + " spec.lockTimeout."),
    Interrupted(
            Kind.RETRIED,
            "The pod was lost, evicted, out of memory or over spec.timeout before it was done, or its node could not"
                    + " start it. It is tried again with a growing pause."),
    ImageChanged(
            Kind.RETRIED,
            "The very image that was planned with is not to be had any more, and its name may mean another one by now. A"
                    + " new plan is made with that."),

    CredentialsInvalid(
            Kind.STALLED_ON_SECRET,
            "The Secret is there and cannot be understood. The message names the key; mend it."),
    RevisionNotFound(
            Kind.STALLED,
            "The image does not contain the target, or neither it nor the image of a rollback contains the revision"
                    + " that the database is at. Name another target or another image."),
    AmbiguousRevision(Kind.STALLED, "The target is a prefix of several revisions. Write more of it."),
    MultipleHeads(
            Kind.STALLED,
            "The tree has several heads and the target means one. Merge them, or write a revision's id, label@head for"
                    + " one branch, or heads for all."),
    DowngradeForbidden(
            Kind.STALLED,
            "The target is below the database and spec.downgrade is Never, or going down would take revisions of"
                    + " another branch along, which the message names. Change the target or spec.downgrade."),
    DatabaseAhead(
            Kind.STALLED,
            "The database is ahead of the target and this resource did not ask for that way down: somebody else moved"
                    + " it, or the target is head. The message says what to write: another target, or spec.downgrade:"
                    + " Always."),
    IrreversibleRevision(
            Kind.STALLED,
            "A revision on the way down has no downgrade(), or one that only raises. Nothing was run. Write the"
                    + " downgrade, or restore a backup."),
    BaselineRefused(
            Kind.STALLED,
            "The database is not at spec.baseline, or no way leads from there to the target. Nothing was written. The"
                    + " message names what the database lacks; write the revision that it is at."),
    MigrationFailed(
            Kind.STALLED,
            "A step failed. status.lastFailure has the revision, the SQLSTATE and the statement. Mend the revision and"
                    + " give the new image, or change the retry annotation."),
    PartiallyApplied(
            Kind.STALLED,
            "A step failed after some of it was committed, which status.lastFailure.leftBehind has. Running it again could"
                    + " apply a part twice, so a person has to finish or undo it first; then change the retry annotation."),
    NotApplied(
            Kind.STALLED,
            "The run ended without an error and the version table says otherwise. Usually env.py executes SQL before"
                    + " context.configure() and nobody commits."),
    ImageUnusable(
            Kind.STALLED,
            "The image has no Python, no Alembic, no driver for PostgreSQL or no Alembic configuration where"
                    + " spec.alembic says, or its history is broken. The message says which."),
    PlanTooLarge(
            Kind.STALLED,
            "The plan is larger than the operator can read and keep. Bring the database there in several steps, each to a"
                    + " revision on the way."),
    VersionTableUnusable(
            Kind.STALLED,
            "The version table is none that can be trusted: a view, or two rows of one line. Nothing was run. The"
                    + " message says what is wrong; mend the table."),
    AuditTableUnusable(
            Kind.STALLED,
            "The table that spec.audit.table names cannot be made or written to: its schema or a right is missing, or it is"
                    + " another table. The message says which; mend it, then change the retry annotation."),
    ConflictingResource(
            Kind.STALLED,
            "Another resource, which is older, is for the same database and version table, and owns it. Delete one of"
                    + " the two, or give each a version table of its own."),
    EnvironmentFailed(
            Kind.STALLED,
            "env.py raised an error or leads to another database. The message and the pod's log say more."),

    /** Only read, never written: a reason of a newer version. */
    @JsonEnumDefaultValue
    Unknown(Kind.STALLED, "Written by a newer version of the operator.");

    /** What a reason means for those who wait for the resource (kstatus). */
    public enum Kind {
        /** Ready is true. */
        READY,
        /** Something is under way or waited for. */
        RECONCILING,
        /** Reconciling, too: it failed and is tried again by itself. */
        RETRIED,
        /** Tried again when spec, retry annotation or the database's revision change. */
        STALLED,
        /** Stalled, and tried again when the Secret changes as well. */
        STALLED_ON_SECRET;

        /** {@return whether something went wrong} */
        public boolean fails() {
            return this == RETRIED || stalls();
        }

        /** {@return whether the condition is {@code Stalled}} */
        public boolean stalls() {
            return this == STALLED || this == STALLED_ON_SECRET;
        }
    }

    private final Kind kind;
    private final String advice;

    Reason(Kind kind, String advice) {
        this.kind = kind;
        this.advice = advice;
    }

    public Kind kind() {
        return kind;
    }

    /** {@return what the user should do, in a sentence or two} */
    public String advice() {
        return advice;
    }

    /** {@return the reason of that name, or {@link #Unknown}} */
    @JsonCreator
    public static Reason of(String name) {
        for (Reason reason : values()) {
            if (reason.name().equals(name)) {
                return reason;
            }
        }
        return Unknown;
    }
}
