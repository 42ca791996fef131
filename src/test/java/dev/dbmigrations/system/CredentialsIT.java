package dev.dbmigrations.system;

import static dev.dbmigrations.api.Reason.AtTarget;
import static dev.dbmigrations.api.Reason.CredentialsInvalid;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DatabaseMigrationStatus.VersionTable;
import java.util.Base64;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Secrets in every form, names that need quotes, and Secrets that cannot be understood. */
@Execution(ExecutionMode.CONCURRENT)
class CredentialsIT {

    @RegisterExtension
    final Team team = new Team();

    static Stream<Arguments> threeForms() {
        return Stream.of(
                form("parts", Database::inParts), form("a URI", Database::asUri), form("JSON", Database::asJson));
    }

    private static Arguments form(String name, Function<Database, Map<String, String>> secret) {
        return Arguments.argumentSet(name, secret);
    }

    @ParameterizedTest
    @MethodSource("threeForms")
    void readsTheSecretInEachFormWhateverThePasswordAndTheDatabaseAreCalled(
            Function<Database, Map<String, String>> form) {
        String hard = "p%40ss w:/?#[]@!$(HOME)&'\"()*+,;=\\ ö€𝛑 " + DatabaseServer.unique();
        Database database = team.database("Größe \"100%\" a/b " + DatabaseServer.unique(), hard);
        team.secret(Team.SECRET, form.apply(database));

        Migration shop = team.migration(Team.tree("shop", "r2_orders"));
        shop.await(AtTarget);

        assertThat(database.revisions()).containsExactly("r2_orders");
        assertThat(shop.jobs()).hasSize(1);
    }

    @Test
    void readsTheRevisionWhereEnvPyKeepsIt() {
        Database database = team.databaseWithSecret();
        database.run("CREATE SCHEMA \"Größen & Ops\"");

        Migration shop = team.migration(Team.tree("odd-table", "r2_orders"));
        assertThat(shop.await(AtTarget).versionTable()).isEqualTo(new VersionTable("Größen & Ops", "Where \"we\" are"));
        assertThat(database.revisions("\"Größen & Ops\".\"Where \"\"we\"\" are\""))
                .containsExactly("r2_orders");

        shop.change("targetRevision: r1_customers");
        assertThat(shop.await(AtTarget).currentRevision()).isEqualTo("r1_customers");
    }

    @Test
    void keepsTheRevisionWhereTheSpecSays() {
        Database database = team.databaseWithSecret();
        database.run("CREATE SCHEMA \"Ops Team\"");

        Migration shop = team.migration(
                Team.tree("shop", "r2_orders", "alembic: {versionTable: Our Version, versionTableSchema: Ops Team}"));
        shop.await(AtTarget);

        assertThat(database.revisions("\"Ops Team\".\"Our Version\"")).containsExactly("r2_orders");
        assertThat(database.tables()).doesNotContain("alembic_version");
    }

    static Stream<Arguments> badSecrets() {
        return Stream.of(
                bad("half of the keys", Map.of("host", "db", "user", "shop"), "dbname"),
                bad("a URI without a host", Map.of("uri", "postgresql://geheim"), "uri"),
                bad("another scheme", Map.of("DATABASE_URL", "mysql://shop:geheim@db/shop"), "DATABASE_URL"),
                bad("JSON that is no object", Map.of("db.json", "[\"geheim\"]"), "key"),
                bad(
                        "a port that is none",
                        Map.of("host", "db", "port", "99999", "user", "u", "password", "geheim", "dbname", "d"),
                        "port"),
                bad("a loopback host", Map.of("uri", "postgresql://shop:geheim@localhost/shop"), "uri"));
    }

    private static Arguments bad(String name, Map<String, String> secret, String key) {
        return Arguments.argumentSet(name, secret, key);
    }

    @ParameterizedTest
    @MethodSource("badSecrets")
    void namesTheKeyThatCannotBeUnderstoodAndNeverItsValue(Map<String, String> secret, String key) {
        team.secret(Team.SECRET, secret);

        Migration shop = team.migration(Team.tree("shop", "head"));
        assertThat(shop.await(CredentialsInvalid).condition("Stalled")).isPresent();

        assertThat(shop.message()).contains("Secret shop-db").contains(key).doesNotContain("geheim");
        assertThat(shop.jobs()).isEmpty();
    }

    /** The scan that follows each system test would find them. */
    @Test
    void findsCredentialsThatArePlanted() {
        Database database = team.databaseWithSecret();
        String encoded = Base64.getEncoder().encodeToString(("x:" + database.password()).getBytes(UTF_8));
        String planted = """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: planted}
                data: {leak: %s}
                """.formatted(encoded);
        String lease = """
                apiVersion: coordination.k8s.io/v1
                kind: Lease
                metadata: {name: planted}
                spec: {holderIdentity: %s}
                """.formatted(database.role());
        assertThat(team.placesThatShowCredentials()).isEmpty();

        team.apply(planted);
        team.apply(lease);

        assertThat(team.placesThatShowCredentials()).containsOnlyKeys("configMaps", "leases");
        team.remove(planted);
        team.remove(lease);
    }
}
