package dev.dbmigrations.system;

import static dev.dbmigrations.api.Reason.AtTarget;
import static dev.dbmigrations.api.Reason.CredentialsInvalid;
import static dev.dbmigrations.api.Reason.CredentialsNotFound;
import static dev.dbmigrations.api.Reason.CredentialsRefused;
import static dev.dbmigrations.api.Reason.DatabaseUnreachable;
import static dev.dbmigrations.api.Reason.PodRejected;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What somebody else has to mend, and what then goes on by itself: nobody touches the resource. */
@Execution(ExecutionMode.CONCURRENT)
class HealingIT {

    @RegisterExtension
    final Team team = new Team();

    @Test
    void goesOnWhenThePasswordIsMended() {
        Database database = team.database();
        team.secret(Team.SECRET, with(database, "password", "a-wrong-one"));
        Migration shop = team.migration(Team.tree("shop", "head"));
        shop.await(CredentialsRefused);
        assertThat(shop.message()).contains("refuses the user or the password of the Secret");

        team.secret(Team.SECRET, database.inParts());

        shop.await(AtTarget);
        assertThat(shop.jobs()).hasSize(1);
    }

    @Test
    void goesOnWhenTheSecretIsMade() {
        Database database = team.database();
        Migration shop = team.migration(Team.tree("shop", "head"));
        shop.await(CredentialsNotFound);
        assertThat(shop.message()).isEqualTo("there is no Secret shop-db in namespace " + team.namespace());

        team.secret(Team.SECRET, database.inParts());

        shop.await(AtTarget);
    }

    @Test
    void goesOnWhenTheSecretCanBeUnderstood() {
        Database database = team.database();
        team.secret(Team.SECRET, with(database, "port", "99999"));
        Migration shop = team.migration(Team.tree("shop", "head"));
        assertThat(shop.await(CredentialsInvalid).condition("Stalled")).isPresent();
        assertThat(shop.message()).contains("shop-db").contains("port");

        team.secret(Team.SECRET, database.inParts());

        shop.await(AtTarget);
    }

    @Test
    void goesOnWhenTheDatabaseIsUp() {
        Database database = team.database();
        team.secret(Team.SECRET, with(database, "host", "db." + team.namespace() + ".svc"));
        team.apply("""
                apiVersion: v1
                kind: Service
                metadata: {name: db}
                spec: {ports: [{port: 5432}]}
                """);
        Migration shop = team.migration(Team.tree("shop", "head"));
        shop.await(DatabaseUnreachable);

        team.apply("""
                apiVersion: discovery.k8s.io/v1
                kind: EndpointSlice
                metadata: {name: db, labels: {kubernetes.io/service-name: db}}
                addressType: IPv4
                ports: [{port: 5432}]
                endpoints: [{addresses: [%s], conditions: {ready: true}}]
                """.formatted(DatabaseServer.shared().address()));

        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("r5_vouchers");
    }

    @Test
    void goesOnWhenTheQuotaHasRoomForThePod() {
        team.databaseWithSecret();
        String quota = """
                apiVersion: v1
                kind: ResourceQuota
                metadata: {name: full}
                spec: {hard: {pods: "0"}}
                """;
        team.apply(quota);
        Migration shop = team.migration(Team.tree("shop", "head"));
        shop.await(PodRejected);
        assertThat(shop.message()).contains("exceeded quota: full");

        team.remove(quota);

        shop.await(AtTarget);
        assertThat(shop.jobs()).hasSize(1);
    }

    private static Map<String, String> with(Database database, String key, String value) {
        Map<String, String> parts = new HashMap<>(database.inParts());
        parts.put(key, value);
        return parts;
    }
}
