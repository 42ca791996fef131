package dev.dbmigrations.system;

import static dev.dbmigrations.api.Reason.AtTarget;
import static dev.dbmigrations.api.Reason.CredentialsInvalid;
import static dev.dbmigrations.api.Reason.MigrationFailed;
import static dev.dbmigrations.api.Reason.Planned;
import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.Reason;
import dev.dbmigrations.testing.Cluster;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names, Secrets and images that are meant to do harm. */
@Execution(ExecutionMode.CONCURRENT)
class HostileIT {

    /** What steers a terminal, and what turns the order of words around. */
    private static final Pattern STEERS = Pattern.compile("[\\p{Cc}\\x{202A}-\\x{202E}\\x{2066}-\\x{2069}&&[^\\n\\t]]");

    /** All that is odd but a single quote, which Alembic itself puts into its SQL as it is. */
    private static final String ODD = "h1\"<b>$(HOME);{%s}";

    @RegisterExtension
    final Team team = new Team();

    @Test
    void namesInATreeStayWordsWhereverTheyAreShown() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("hostile", "head", """
                mode: Plan
                alembic:
                  arguments: ["tenant=\\u001b[2J'\\"; DROP TABLE x; -- $(HOME) %s"]
                  versionTable: "our \\"table\\"; DROP TABLE x; --"
                job:
                  annotations: {example.com/note: "\\u001b[2J\\nStatus:  fine"}
                  env: [{name: NOTE, value: "\\u001b[2J $(HOME) '\\"\\n"}]
                """));
        String configMap = Objects.requireNonNull(shop.await(Planned).plan()).configMap();
        assertThat(shown("get", "configmap", configMap, "-o", "jsonpath={.data.plan\\.sql}"))
                .contains("CREATE TABLE customers")
                .contains("\\u001b[2J");
        assertThat(shown("get", "configmap", configMap, "-o", "jsonpath={.data.plan\\.json}"))
                .contains("<script>");

        shop.change("mode: Apply\ntargetRevision: \"" + ODD.replace("\"", "\\\"") + "\"");
        shop.await(AtTarget);
        assertThat(database.revisions("\"our \"\"table\"\"; DROP TABLE x; --\""))
                .containsExactly(ODD);

        shop.change("targetRevision: h2");
        shop.await(MigrationFailed);
        assertThat(shop.message())
                .contains("h2 failed")
                .contains("<script> 'q' \"qq\" $(HOME) %s {0}")
                .hasSizeLessThan(1025);
        for (String what : new String[] {"dbm/shop", "events", "jobs", "pods"}) {
            shown("describe", what);
        }
        shown("get", "dbm,events", "-o", "wide");
        assertThat(STEERS.matcher(shop.podLogs()).find()).as("the pods' logs").isFalse();
        assertThat(STEERS.matcher(InstalledOperator.shared().log()).find())
                .as("the operator's log")
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"p\u001b[2J\u202e\u0007'\"\\ %s $(HOME)", "two\nlines\tand a tab", "<b>&amp;{{.}}${x}`id`;--"})
    void readsPasswordsOfAnySigns(String hard) {
        Database database = team.database("shop-" + DatabaseServer.unique(), hard + DatabaseServer.unique());
        Map<String, String> secret = new HashMap<>(database.inParts());
        secret.put("NOTES", "n\u001b[2J\n".repeat(150_000));
        team.secret(Team.SECRET, secret);

        team.migration(Team.tree("shop", "r1_customers")).await(AtTarget);

        assertThat(database.revisions()).containsExactly("r1_customers");
    }

    @ParameterizedTest
    @ValueSource(strings = {"db\u001b[2J", "db' OR 1=1", "db\nevil", "db?ssl=false", "db,evil", "db/evil"})
    void aHostThatIsMoreThanAHostIsRefused(String host) {
        Map<String, String> secret = new HashMap<>(team.database().inParts());
        secret.put("host", host);
        team.secret(Team.SECRET, secret);

        Migration shop = team.migration(Team.tree("shop", "head"));
        shop.await(CredentialsInvalid);

        assertThat(shop.message()).contains("bad host").doesNotContain(host);
        assertThat(shop.jobs()).isEmpty();
    }

    /** It writes a forged result itself, prints it a thousand times, and ends the process. */
    @ParameterizedTest
    @CsvSource({"r2_orders, Interrupted", "'', NotApplied"})
    void anImageThatLiesIsNotBelieved(String claimed, Reason reason) {
        Database database = team.databaseWithSecret();

        Migration shop =
                team.migration(Team.tree("lying", "r2_orders", "alembic: {arguments: [\"current=" + claimed + "\"]}"));
        shop.await(reason);

        assertThat(shop.message()).contains("said success").contains("r2_orders is not reached");
        assertThat(shop.status().currentRevisions()).isEmpty();
        assertThat(database.tables()).isEmpty();
        assertThat(shop.jobs()).as("it is not tried again and again").hasSizeLessThan(3);
    }

    /** {@return what kubectl prints}, which no terminal takes for commands */
    private String shown(String... arguments) {
        String[] all = new String[arguments.length + 2];
        System.arraycopy(arguments, 0, all, 0, arguments.length);
        all[arguments.length] = "-n";
        all[arguments.length + 1] = team.namespace();
        String printed = Cluster.shared().kubectl(all);
        assertThat(STEERS.matcher(printed).find()).as(printed).isFalse();
        return printed;
    }
}
