package dev.dbmigrations.system;

import static dev.dbmigrations.api.Reason.AtTarget;
import static dev.dbmigrations.api.Reason.AuditTableUnusable;
import static dev.dbmigrations.api.Reason.AwaitingApproval;
import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.PlanStatus;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The database itself keeps who did what to it, where the spec says so. */
@Execution(ExecutionMode.CONCURRENT)
class AuditIT {

    private static final String AUDIT = "audit: {table: ops.migrations}";

    @RegisterExtension
    final Team team = new Team();

    @Test
    void keepsEachStepUpAndDown() {
        Database database = team.databaseWithSecret();
        database.run("CREATE SCHEMA ops");
        Migration shop = team.migration(Team.tree("shop", "r2_orders", AUDIT));
        shop.await(AtTarget);
        shop.change("targetRevision: r1_customers");
        shop.await(AtTarget);

        String same = "|%s/shop|%s|%s".formatted(team.namespace(), Images.TREES, database.role());
        assertThat(database.ask("""
                        SELECT attempt, revision, direction, resource, image, logged_in_as FROM ops.migrations
                        ORDER BY id"""))
                .containsExactly(
                        "1|r1_customers|Upgrade" + same, "1|r2_orders|Upgrade" + same, "2|r2_orders|Downgrade" + same);
        assertThat(database.ask("SELECT DISTINCT resource_uid FROM ops.migrations"))
                .containsExactly(shop.get().getMetadata().getUid());
    }

    @Test
    void keepsWhoApprovedAndTheImageByItsContent() {
        Database database = team.databaseWithSecret();
        database.run("CREATE SCHEMA ops");
        Migration shop = team.migration(Team.tree("shop", "r1_customers", AUDIT, "approval: Always"));
        PlanStatus plan = Objects.requireNonNull(shop.await(AwaitingApproval).plan());
        assertThat(database.tables()).isEmpty();

        team.apply("""
                apiVersion: dbmigrations.dev/v1alpha1
                kind: MigrationApproval
                metadata: {name: granted}
                spec: {migration: shop, planHash: "%s", approvedBy: ada@example.com}
                """.formatted(plan.hash()));
        shop.await(AtTarget);

        assertThat(database.ask("SELECT approved_by, image_digest FROM ops.migrations"))
                .containsExactly("ada@example.com|" + plan.imageDigest());
    }

    @Test
    void runsNothingWhereItCannotBeKept() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("shop", "r2_orders", AUDIT));

        shop.await(AuditTableUnusable);
        assertThat(shop.message())
                .isEqualTo("the audit table ops.migrations cannot be made, because there is no schema ops: create it;"
                        + " nothing was run");
        assertThat(database.tables()).isEmpty();

        database.run("CREATE SCHEMA ops");
        shop.retry("1");
        shop.await(AtTarget);
        assertThat(database.ask("SELECT count(*) FROM ops.migrations")).containsExactly("2");
    }
}
