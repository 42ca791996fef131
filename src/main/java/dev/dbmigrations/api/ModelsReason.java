package dev.dbmigrations.api;

/** Whether the tables are as the models say: the reason of the condition {@code ModelsMatch}, with what to do. */
public enum ModelsReason {
    ModelsMatch("True", "The database's tables are as the image's models say. Nothing to do."),
    ModelsDiffer(
            "False",
            "They are not; the message says in which. Where somebody changed the database by hand, take that back; where"
                    + " the models were changed, write the revision that is missing."),

    CheckPending(
            "Unknown", "They were not compared yet. Wait until the database is at the target and the Job is through."),
    WaitingForPod(
            "Unknown",
            "The pod of the comparison does not start: it cannot be scheduled, its image cannot be pulled, or the cluster"
                    + " refuses it. The message says which. Migrations do not wait for it."),
    NotAtHead(
            "Unknown",
            "The target is not the image's head, and models are those of the head. Nothing to do; they are compared when"
                    + " the database is there."),
    NoModels(
            "Unknown",
            "env.py gives Alembic no models: let it give target_metadata to context.configure(), or set spec.modelCheck"
                    + " to Never."),
    CheckFailed(
            "Unknown",
            "They could not be compared; the message says why. It is tried again with a growing pause, at most an hour,"
                    + " or at most the interval.");

    /** The condition's type. */
    public static final String CONDITION = "ModelsMatch";

    private final String status;
    private final String advice;

    ModelsReason(String status, String advice) {
        this.status = status;
        this.advice = advice;
    }

    /** {@return {@code True}, {@code False} or {@code Unknown}} */
    public String status() {
        return status;
    }

    /** {@return what to do, in a sentence or two} */
    public String advice() {
        return advice;
    }
}
