package dev.dbmigrations.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.ApprovalReason;
import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.MigrationApproval;
import dev.dbmigrations.api.MigrationApprovalStatus;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** What an approval says of itself. */
@NullMarked
class ApprovalFitTest {

    private static final String HASH = "5d0b".repeat(16);
    private static final String OTHER = "77aa".repeat(16);
    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
    private static final KubernetesSerialization YAML = new KubernetesSerialization();

    private final MigrationApproval approval = YAML.unmarshal("""
                    metadata: {name: yes, namespace: production, generation: 1}
                    spec: {migration: shop, planHash: %s, approvedBy: jane}
                    """.formatted(HASH), MigrationApproval.class);

    @Test
    void fitsThePresentPlan() {
        Condition fits = said(shop("plan: {hash: " + HASH + "}"));

        assertThat(fits.getStatus()).isEqualTo("True");
        assertThat(fits.getReason()).isEqualTo("PlanFits");
        assertThat(fits.getMessage()).isEqualTo("this approves the present plan of DatabaseMigration shop");
        assertThat(fits.getObservedGeneration()).isEqualTo(1);
        assertThat(fits.getLastTransitionTime()).isEqualTo("2026-11-22T12:00:00Z");
    }

    @Test
    void anotherPlanIsNamed() {
        Condition fits = said(shop("plan: {hash: " + OTHER + "}"));

        assertThat(fits.getStatus()).isEqualTo("False");
        assertThat(fits.getReason()).isEqualTo("OtherPlan");
        assertThat(fits.getMessage())
                .contains("approves plan " + HASH, "present plan of DatabaseMigration shop is " + OTHER);
    }

    @Test
    void withoutAPlanThereIsNothingToApprove() {
        assertThat(said(shop("pending: 3")).getReason()).isEqualTo("NoPlan");
        assertThat(said(shop("plan: {}")).getReason()).isEqualTo("NoPlan");
    }

    @Test
    void aMigrationThatIsNotThereIsSaidSo() {
        Condition fits = said(Optional.empty());

        assertThat(fits.getReason()).isEqualTo("NoSuchMigration");
        assertThat(fits.getMessage()).contains("there is no DatabaseMigration shop in this namespace");
    }

    @Test
    void whatWasAppliedStaysSo() {
        Optional<DatabaseMigration> applied = shop("""
                {plan: {hash: %s}, history: [{from: [a], to: [b], direction: Upgrade, image: i, job: shop-1,
                 startedAt: "2026-11-22T11:00:00Z", planHash: %s, approvedBy: jane}]}""".formatted(OTHER, HASH));
        Condition fits = said(applied);
        assertThat(fits.getStatus()).isEqualTo("True");
        assertThat(fits.getReason()).isEqualTo("Applied");
        assertThat(fits.getMessage()).isEqualTo("Job shop-1 ran the plan at 2026-11-22T11:00:00Z");
        assertThat(ApprovalFit.isFinal(approval)).isFalse();

        approval.setStatus(status(applied, NOW));

        assertThat(ApprovalFit.isFinal(approval)).isTrue();
    }

    @Test
    void theSameIsSaidInTheSameWords() {
        MigrationApprovalStatus first = status(shop("plan: {hash: " + HASH + "}"), NOW);
        approval.setStatus(first);

        assertThat(status(shop("plan: {hash: " + HASH + "}"), NOW.plus(Duration.ofHours(1))))
                .isEqualTo(first);
        assertThat(first.plan()).isEqualTo("5d0b5d0b5d0b");
    }

    @Test
    void everyReasonSaysWhatToDo() {
        assertThat(ApprovalReason.values())
                .allSatisfy(reason -> assertThat(reason.advice()).endsWith("."));
    }

    private Condition said(Optional<DatabaseMigration> migration) {
        return status(migration, NOW).fits().orElseThrow();
    }

    private MigrationApprovalStatus status(Optional<DatabaseMigration> migration, Instant now) {
        return ApprovalFit.of(approval.getSpec(), migration).status(approval, now);
    }

    private static Optional<DatabaseMigration> shop(String status) {
        return Optional.of(YAML.unmarshal(
                "metadata: {name: shop, namespace: production}\nstatus:\n  " + status.replace("\n", "\n  ") + "\n",
                DatabaseMigration.class));
    }
}
