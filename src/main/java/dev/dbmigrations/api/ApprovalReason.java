package dev.dbmigrations.api;

/** Whether an approval fits: the reason of its condition {@code Fits}, with what its author should do. */
public enum ApprovalReason {
    PlanFits(true, "It approves the plan that the migration has now. Nothing to do."),
    Applied(true, "The plan that it approves was applied; it stays so. Nothing to do."),

    NoSuchMigration(
            false, "The namespace has no DatabaseMigration of that name. Delete the approval and write another one."),
    NoPlan(
            false,
            "The migration has no plan now. Wait for one where it is being made; an approval whose plan never comes"
                    + " does nothing."),
    OtherPlan(
            false,
            "The migration has another plan: this one is older, or never was. Read the present plan, which the message"
                    + " names, and approve that one.");

    private final boolean fits;
    private final String advice;

    ApprovalReason(boolean fits, String advice) {
        this.fits = fits;
        this.advice = advice;
    }

    public boolean fits() {
        return fits;
    }

    /** {@return what its author should do, in a sentence or two} */
    public String advice() {
        return advice;
    }
}
