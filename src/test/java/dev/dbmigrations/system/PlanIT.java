package dev.dbmigrations.system;

import static dev.dbmigrations.api.Reason.AtTarget;
import static dev.dbmigrations.api.Reason.AwaitingApproval;
import static dev.dbmigrations.api.Reason.Planned;
import static dev.dbmigrations.api.Reason.WaitingForPod;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.MigrationApproval;
import dev.dbmigrations.api.PlanStatus;
import dev.dbmigrations.testing.Cluster;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What would be run is shown before it is; and where the spec says so, a person has the last word. */
@Execution(ExecutionMode.CONCURRENT)
class PlanIT {

    private static final String PLAN = "mode: Plan";
    private static final String ALWAYS = "approval: Always";
    private static final String LOOK_OFTEN = "checkInterval: 1s";

    @RegisterExtension
    final Team team = new Team();

    @Test
    void rendersAndNeverApplies() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("plans", "p3_no_name", PLAN));

        PlanStatus plan = plan(shop.await(Planned));

        assertThat(shop.message())
                .contains("3 steps up to p3_no_name")
                .contains("1 of which destroy data")
                .contains(plan.configMap());
        assertThat(plan.destructive()).isTrue();
        assertThat(plan.steps())
                .extracting(PlanStatus.Step::revision)
                .containsExactly("p1_customers", "p2_email", "p3_no_name");
        assertThat(plan.steps().getLast().destroys()).hasSize(1);
        assertThat(kept(plan).getData().get("plan.sql"))
                .contains("CREATE TABLE customers", "ADD COLUMN email", "DROP COLUMN name");
        assertThat(kept(plan).getData().get("way-back.sql")).contains("DROP TABLE customers");
        assertThat(kinds(shop)).containsExactly("Plan");
        assertThat(database.tables()).isEmpty();
        shop.awaitEvents("Normal Started", "Normal Planned");

        shop.change("mode: Apply");
        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("p3_no_name");
    }

    @Test
    void plansAgainWhenTheTargetMovesAndWhenThePlanIsGone() {
        team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("plans", "p1_customers", PLAN, LOOK_OFTEN));
        PlanStatus first = plan(shop.await(Planned));

        shop.change("targetRevision: p2_email");
        PlanStatus second = plan(shop.await(Planned));
        assertThat(second.hash()).isNotEqualTo(first.hash());
        assertThat(second.stepCount()).isEqualTo(2);

        client().resource(kept(second)).delete();
        shop.await(Planned, "another plan", status -> plan(status).at().isAfter(second.at()));
        assertThat(plan(shop.status()).hash()).isNotEqualTo(second.hash());
        assertThat(kept(plan(shop.status())).getData()).containsKey("plan.sql");
    }

    @Test
    void waitsForAnApprovalAndGoesOnWithIt() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("plans", "p2_email", ALWAYS));
        PlanStatus plan = plan(shop.await(AwaitingApproval));
        assertThat(shop.message()).contains(plan.hash(), plan.configMap(), "kubectl create -f -");
        assertThat(database.tables()).isEmpty();

        approve("0".repeat(64));
        approve(plan.hash());

        DatabaseMigrationStatus status = shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("p2_email");
        assertThat(Objects.requireNonNull(shop.awaitHistory("Upgrade").history())
                        .getFirst()
                        .approvedBy())
                .isEqualTo("ada@example.com");
        assertThat(plan(status).hash()).isEqualTo(plan.hash());
        assertThat(kinds(shop)).containsExactly("Plan", "Apply");
        assertThat(image(shop.jobs().getLast())).isEqualTo(plan.imageDigest());
        await("what became of the approvals")
                .untilAsserted(() -> assertThat(states()).containsExactlyInAnyOrder("OtherPlan", "Applied"));
    }

    @Test
    void letsHarmlessPlansThroughAndStopsThoseThatDestroyData() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("plans", "p2_email", "approval: Destructive"));
        shop.await(AtTarget);

        shop.change("targetRevision: p3_no_name");
        PlanStatus plan = plan(shop.await(AwaitingApproval));
        assertThat(shop.message()).contains("p3_no_name: ").contains("name");
        assertThat(database.revisions()).containsExactly("p2_email");

        approve(plan.hash());
        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("p3_no_name");
    }

    @Test
    void runsNothingWhereTheVeryImageOfThePlanIsGone() {
        Database database = team.databaseWithSecret();
        String image = Images.variant("gone-" + DatabaseServer.unique());
        Migration shop = team.migration(Team.tree("plans", "p2_email", ALWAYS, "image: " + image));
        PlanStatus plan = plan(shop.await(AwaitingApproval));
        Cluster.shared().removeImage(image);

        approve(plan.hash());

        shop.awaitEvent("Warning ImageChanged");
        DatabaseMigrationStatus waits = shop.await(WaitingForPod);
        assertThat(waits.plan()).isNull();
        assertThat(shop.message()).contains(image);
        assertThat(database.tables()).isEmpty();
    }

    @Test
    void anApprovalOfAnOlderPlanIsNoneOfTheNextOne() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("plans", "p1_customers", ALWAYS, LOOK_OFTEN));
        PlanStatus older = plan(shop.await(AwaitingApproval));
        shop.change("targetRevision: p2_email");
        PlanStatus newer = plan(shop.await(AwaitingApproval));

        approve(older.hash());
        approve("f".repeat(64));
        await().during(Duration.ofSeconds(5))
                .atMost(Duration.ofSeconds(20))
                .until(() -> database.tables().isEmpty());
        assertThat(kinds(shop)).doesNotContain("Apply");

        // Somebody else moves the database: what was approved for where it was is not run from where it is.
        database.run("CREATE TABLE customers (id int PRIMARY KEY, name text)");
        database.run("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)");
        database.run("INSERT INTO alembic_version VALUES ('p1_customers')");
        shop.await(
                AwaitingApproval,
                "a plan from there",
                status -> plan(status).from().equals(List.of("p1_customers")));
        approve(newer.hash());
        await().during(Duration.ofSeconds(5))
                .atMost(Duration.ofSeconds(20))
                .until(() -> database.revisions().equals(List.of("p1_customers")));

        approve(plan(shop.status()).hash());
        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("p2_email");
    }

    @Test
    void keepsAPlanThatIsLargerThanAConfigMap() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("plans", "p4_large", ALWAYS));

        PlanStatus plan = plan(shop.await(AwaitingApproval));
        assertThat(kept(plan).getData().get("plan.sql"))
                .contains("INSERT INTO customers")
                .contains("CUT HERE");

        approve(plan.hash());
        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("p4_large");
    }

    @Test
    void runsTheVeryImageThatWasPlannedWithThoughItsTagHasMoved() {
        Database database = team.databaseWithSecret();
        String tag = "docker.io/dbmigrations/moving:" + DatabaseServer.unique();
        node("ctr", "-n", "k8s.io", "images", "tag", "docker.io/" + Images.TREES, tag);
        Migration shop = team.migration(Team.tree("plans", "p1_customers", ALWAYS, "image: " + tag));
        PlanStatus plan = plan(shop.await(AwaitingApproval));

        node("ctr", "-n", "k8s.io", "images", "tag", "--force", "docker.io/" + Images.TRIGPOINTING, tag);
        approve(plan.hash());

        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("p1_customers");
    }

    private void approve(String hash) {
        team.apply("""
                apiVersion: dbmigrations.dev/v1alpha1
                kind: MigrationApproval
                metadata: {name: "approval-%s"}
                spec: {migration: shop, planHash: "%s", approvedBy: ada@example.com}
                """.formatted(DatabaseServer.unique(), hash));
    }

    private List<String> states() {
        return client().resources(MigrationApproval.class).inNamespace(team.namespace()).list().getItems().stream()
                .flatMap(approval -> Stream.ofNullable(approval.getStatus()))
                .flatMap(status -> status.fits().stream())
                .map(Condition::getReason)
                .toList();
    }

    private static PlanStatus plan(DatabaseMigrationStatus status) {
        return Objects.requireNonNull(status.plan());
    }

    private ConfigMap kept(PlanStatus plan) {
        return Objects.requireNonNull(client().configMaps()
                .inNamespace(team.namespace())
                .withName(plan.configMap())
                .get());
    }

    private static KubernetesClient client() {
        return Cluster.shared().client();
    }

    private static void node(String... command) {
        try {
            var result = Cluster.shared().node().execInContainer(command);
            assertThat(result.getExitCode()).as(result.getStderr()).isZero();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** What its Jobs did, oldest first. */
    private static List<String> kinds(Migration migration) {
        return migration.jobs().stream()
                .map(job -> runDocument(job).contains("\"mode\":\"plan\"") ? "Plan" : "Apply")
                .toList();
    }

    private static String runDocument(Job job) {
        return job.getSpec().getTemplate().getSpec().getContainers().getFirst().getEnv().stream()
                .filter(variable -> variable.getName().equals("DBMIGRATIONS_RUN"))
                .map(variable -> variable.getValue())
                .findFirst()
                .orElse("");
    }

    private static String image(Job job) {
        return job.getSpec().getTemplate().getSpec().getContainers().getFirst().getImage();
    }
}
