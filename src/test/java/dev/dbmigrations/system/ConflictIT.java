package dev.dbmigrations.system;

import static dev.dbmigrations.api.Reason.AtTarget;
import static dev.dbmigrations.api.Reason.ConflictingResource;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Two resources for one database: one owner, and the other says who it is (rule 12). */
@Execution(ExecutionMode.CONCURRENT)
class ConflictIT {

    @RegisterExtension
    final Team team = new Team();

    @RegisterExtension
    final Team others = new Team();

    private Database database;
    private Migration owner;

    @BeforeEach
    void aDatabaseWithAnOwner() {
        database = team.databaseWithSecret();
        owner = team.migration("owner", Team.tree("shop", "r3_unique_emails"));
        owner.await(AtTarget);
    }

    private static String wanting(String target) {
        return Team.tree("shop", target, "checkInterval: 5s");
    }

    private void isRefused(Migration second) {
        second.await(ConflictingResource);
        assertThat(second.status().condition("Stalled")).isPresent();
        assertThat(database.revisions()).containsExactly("r3_unique_emails");
        assertThat(database.statesEverCommitted()).doesNotContain(List.of("r5_vouchers"));
        assertThat(owner.status().condition("Ready").orElseThrow().getStatus()).isEqualTo("True");
    }

    @Test
    void bySameSecretUntilTheOwnerIsGone() {
        Migration second = team.migration("second", wanting("head"));
        isRefused(second);
        assertThat(second.message())
                .startsWith("DatabaseMigration owner, which is older, is for the same database (" + database.name());
        second.awaitEvent("Warning ConflictingResource");

        owner.delete();
        second.await(AtTarget);
        assertThat(database.revisions()).containsExactly("r5_vouchers");
    }

    @Test
    void evenAtTheOwnersTarget() {
        isRefused(team.migration("second", wanting("r3_unique_emails")));
    }

    @Test
    void byAnotherHostName() {
        Map<String, String> alias = new HashMap<>(database.inParts());
        alias.put("host", "postgres.postgres.svc.cluster.local");
        team.secret("alias", alias);

        isRefused(team.migration(
                "second", Team.tree("shop", "head", "credentialsSecretRef: {name: alias}", "checkInterval: 5s")));
    }

    @Test
    void fromAnotherNamespaceWithoutItsNames() {
        others.uses(database);
        Migration second = others.migration("second", wanting("head"));
        isRefused(second);
        assertThat(second.message())
                .startsWith("a DatabaseMigration in another namespace, which is older, is for the same database")
                .doesNotContain(team.namespace(), "owner,");
    }

    @Test
    void notWithAVersionTableOfItsOwn() {
        Migration second =
                team.migration("second", Team.tree("slow", "s1_before", "alembic: {versionTable: second_version}"));
        second.await(AtTarget);
        assertThat(second.jobs()).as("no plan had to tell its version table").hasSize(1);
        assertThat(database.revisions("second_version")).containsExactly("s1_before");
        assertThat(database.revisions()).containsExactly("r3_unique_emails");
        owner.await(AtTarget);
    }

    @Test
    void notForACopyOfTheDatabase() {
        Database copy = await("nobody in the database")
                .atMost(Duration.ofMinutes(1))
                .ignoreExceptionsMatching(AssertionError.class::isInstance)
                .until(() -> database.copy(database.name() + "-copy"), Objects::nonNull);
        others.uses(copy);

        Migration second = others.migration("second", wanting("head"));
        second.await(AtTarget);
        assertThat(copy.revisions()).containsExactly("r5_vouchers");
        assertThat(database.revisions()).containsExactly("r3_unique_emails");
    }
}
