package dev.dbmigrations.reconcile;

/**
 * A person's word for one plan (rule 7), as a {@code MigrationApproval} has it.
 *
 * @param name the object's
 * @param planHash the plan that it names
 * @param by who approves
 */
public record Approval(String name, String planHash, String by) {}
