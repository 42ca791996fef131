package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.ApprovalReason;
import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DatabaseMigrationStatus.Migration;
import dev.dbmigrations.api.MigrationApproval;
import dev.dbmigrations.api.MigrationApprovalSpec;
import dev.dbmigrations.api.MigrationApprovalStatus;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** What an approval is good for, seen beside its migration. Pure. */
record ApprovalFit(ApprovalReason reason, String message) {

    private static final int DIGITS_FOR_PEOPLE = 12;

    /** {@return whether nothing that happens to the migration can change what is said of the approval} */
    static boolean isFinal(MigrationApproval approval) {
        return said(approval).stream()
                .anyMatch(fits -> ApprovalReason.Applied.name().equals(fits.getReason()));
    }

    static ApprovalFit of(MigrationApprovalSpec approval, Optional<DatabaseMigration> migration) {
        String name = "DatabaseMigration " + approval.migration();
        if (migration.isEmpty()) {
            return new ApprovalFit(
                    ApprovalReason.NoSuchMigration, "there is no " + name + " in this namespace, so this does nothing");
        }
        DatabaseMigrationStatus status =
                Objects.requireNonNullElse(migration.get().getStatus(), DatabaseMigrationStatus.EMPTY);
        Optional<Migration> applied = applied(approval, status);
        if (applied.isPresent()) {
            return new ApprovalFit(
                    ApprovalReason.Applied,
                    "Job " + applied.get().job() + " ran the plan at "
                            + applied.get().startedAt());
        }
        String hash = status.plan() == null ? "" : status.plan().hash();
        if (hash.isEmpty()) {
            return new ApprovalFit(
                    ApprovalReason.NoPlan, name + " has no plan now, so there is nothing that this could approve");
        }
        return approval.covers(migration.get().getMetadata().getName(), hash)
                ? new ApprovalFit(ApprovalReason.PlanFits, "this approves the present plan of " + name)
                : new ApprovalFit(
                        ApprovalReason.OtherPlan,
                        "this approves plan " + approval.planHash() + ", but the present plan of " + name + " is "
                                + hash + ": read that one and approve it");
    }

    private static Optional<Migration> applied(MigrationApprovalSpec approval, DatabaseMigrationStatus status) {
        return Optional.ofNullable(status.history()).stream()
                .flatMap(List::stream)
                .filter(migration -> approval.planHash().equals(migration.planHash()))
                .findFirst();
    }

    /** {@return the approval's status; equal to the one before where nothing has changed} */
    MigrationApprovalStatus status(MigrationApproval approval, Instant now) {
        Condition fits = new ConditionBuilder()
                .withType(MigrationApprovalStatus.FITS)
                .withStatus(reason.fits() ? "True" : "False")
                .withReason(reason.name())
                .withMessage(message)
                .build();
        String hash = approval.getSpec().planHash();
        return new MigrationApprovalStatus(
                hash.substring(0, Math.min(DIGITS_FOR_PEOPLE, hash.length())),
                List.of(Conditions.stamped(fits, approval.getMetadata().getGeneration(), said(approval), now)));
    }

    private static List<Condition> said(MigrationApproval approval) {
        return Stream.ofNullable(approval.getStatus())
                .flatMap(status -> status.fits().stream())
                .toList();
    }
}
