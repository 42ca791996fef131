package dev.dbmigrations.system;

import static dev.dbmigrations.api.Reason.AtTarget;
import static dev.dbmigrations.api.Reason.MigrationFailed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.testing.Cluster;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What people see and type. */
@Execution(ExecutionMode.CONCURRENT)
class KubectlIT {

    @RegisterExtension
    final Team team = new Team();

    private String kubectl(String... words) {
        String[] all = new String[words.length + 2];
        all[0] = "--namespace";
        all[1] = team.namespace();
        System.arraycopy(words, 0, all, 2, words.length);
        return Cluster.shared().kubectl(all);
    }

    @Test
    void showsInOneLineWhereTheDatabaseIs() {
        team.databaseWithSecret();
        team.migration(Team.tree("shop", "r2_orders"))
                .await(AtTarget, "its Job's end seen", status -> status.head() != null);

        List<String> table = kubectl("get", "dbmigrations").lines().toList();
        assertThat(table.get(0).split(" +"))
                .containsExactly("NAME", "TARGET", "CURRENT", "PENDING", "READY", "REASON", "AGE");
        assertThat(table.get(1)).matches("shop +r2_orders +r2_orders +0 +True +AtTarget +\\d+s *");

        assertThat(kubectl("get", "dbm", "-o", "wide")).contains("IMAGE", "HEAD", Images.TREES, "r5_vouchers");
        assertThat(kubectl("get", "migrations")).contains("shop");
    }

    @Test
    void waitsAsForAnyResource() {
        team.databaseWithSecret();
        team.migration(Team.tree("shop", "head"));

        assertThat(kubectl("wait", "dbm/shop", "--for=condition=Ready", "--timeout=2m"))
                .contains("condition met");
        assertThat(kubectl("get", "dbm/shop", "-o", "jsonpath={.status.currentRevision}"))
                .isEqualTo("r5_vouchers");
    }

    @Test
    void describesWhatWentWrongWithItsEvents() {
        team.databaseWithSecret();
        team.migration(Team.tree("failing", "head")).await(MigrationFailed);

        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(kubectl("describe", "dbm/shop"))
                        .containsPattern("Normal +Started")
                        .containsPattern("Warning +MigrationFailed")
                        .contains(
                                "r3_unique_emails",
                                "23505",
                                "CREATE UNIQUE INDEX customers_email ON customers (email)"));
    }

    @Test
    void deletesWithTheResourceWhatItMadeAndNothingElse() {
        Database database = team.databaseWithSecret();
        team.migration(Team.tree("shop", "head")).await(AtTarget);

        kubectl("delete", "dbm/shop");

        await("Jobs, pods and the runner's files are gone")
                .atMost(Duration.ofMinutes(1))
                .until(() -> kubectl("get", "jobs,pods,configmaps", "-o", "name")
                        .lines()
                        .allMatch("configmap/kube-root-ca.crt"::equals));
        assertThat(kubectl("get", "secrets", "-o", "name")).contains("secret/shop-db");
        assertThat(database.revisions()).containsExactly("r5_vouchers");
        assertThat(database.tables()).contains("customers", "vouchers");
    }
}
