package dev.dbmigrations.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DatabaseMigrationStatus.Database;
import dev.dbmigrations.api.DatabaseMigrationStatus.VersionTable;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.job.SeenAttempt.Kind;
import dev.dbmigrations.reconcile.Decision.Fail;
import dev.dbmigrations.reconcile.Decision.Settle;
import dev.dbmigrations.reconcile.Decision.Start;
import dev.dbmigrations.reconcile.Decision.TakeIn;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Rule 12: of all resources for one database and version table the oldest owns it. */
@NullMarked
class OwnerTest {

    private static final Database SHOP = new Database("shop", 16384, "7412", "10.0.3.7", 5432);
    private static final VersionTable TABLE = new VersionTable("public", "alembic_version");

    private static DatabaseMigration resource(
            String name, String namespace, String created, @Nullable VersionTable table, @Nullable String head) {
        DatabaseMigration resource = new DatabaseMigration();
        resource.setMetadata(new ObjectMetaBuilder()
                .withName(name)
                .withNamespace(namespace)
                .withUid("uid-" + name)
                .withCreationTimestamp(created)
                .build());
        resource.setSpec(DatabaseMigrationSpec.of("b2", "image", "db"));
        resource.setStatus(new DatabaseMigrationStatus(
                1L, null, null, null, table, SHOP, null, head, null, null, null, null, null, null, null, null, null,
                null, null));
        return resource;
    }

    private static DatabaseMigration younger(@Nullable String head) {
        return resource("younger", "team", "2026-11-02T00:00:00Z", TABLE, head);
    }

    private static DatabaseMigration naming(@Nullable String schema, String table) {
        DatabaseMigration resource = younger(null);
        resource.setStatus(null);
        resource.setSpec(
                new KubernetesSerialization().unmarshal("""
                targetRevision: b2
                image: image
                credentialsSecretRef: {name: db}
                alembic: {versionTable: %s, versionTableSchema: %s}
                """.formatted(table, schema), DatabaseMigrationSpec.class));
        return resource;
    }

    private static Optional<Owner> owner(DatabaseMigration resource, List<DatabaseMigration> all) {
        return Owner.of(resource, Optional.of(TABLE), all);
    }

    private static DatabaseMigration older(String namespace, VersionTable table) {
        return resource("older", namespace, "2026-11-01T00:00:00Z", table, "b2");
    }

    @Test
    void theOlderOneOwnsIt() {
        DatabaseMigration older = older("team", TABLE);
        DatabaseMigration younger = younger("b2");

        assertThat(owner(younger, List.of(older, younger))).hasValue(new Owner(Optional.of("older"), true));
        assertThat(owner(older, List.of(older, younger))).isEmpty();
        assertThat(Owner.keys(younger)).isEqualTo(Owner.keys(older)).hasSize(1);
    }

    @Test
    void ofTwoFromOneSecondThereIsOneOwner() {
        DatabaseMigration one = resource("one", "team", "2026-11-01T00:00:00Z", TABLE, "b2");
        DatabaseMigration other = resource("other", "team", "2026-11-01T00:00:00Z", TABLE, "b2");

        assertThat(owner(one, List.of(one, other))).isEmpty();
        assertThat(owner(other, List.of(one, other))).isPresent();
    }

    @Test
    void aNameFromAnotherNamespaceIsNotShown() {
        Owner owner = owner(younger("b2"), List.of(older("secret-team", TABLE))).orElseThrow();

        assertThat(owner.name()).isEmpty();
        assertThat(owner.inWords(SHOP, Optional.of(TABLE)))
                .startsWith("a DatabaseMigration in another namespace, which is older, is for the same database")
                .doesNotContain("secret-team", "DatabaseMigration older");
    }

    @Test
    void anotherVersionTableIsAnotherMatter() {
        assertThat(owner(younger("b2"), List.of(older("team", new VersionTable("public", "billing_version")))))
                .isEmpty();
    }

    @Test
    void beforeARunHasToldTheVersionTableItMayBeTheSame() {
        assertThat(owner(younger(null), List.of(older("team", new VersionTable("public", "billing_version")))))
                .hasValue(new Owner(Optional.of("older"), false));
    }

    @Test
    void aTableThatTheSpecNamesIsKnownFromTheFirstLook() {
        List<DatabaseMigration> older = List.of(older("team", TABLE));
        VersionTable billing = new VersionTable("public", "billing_version");

        assertThat(Owner.of(naming(null, "billing_version"), Optional.of(billing), older))
                .isEmpty();
        assertThat(Owner.of(naming(null, "alembic_version"), Optional.of(TABLE), older))
                .hasValue(new Owner(Optional.of("older"), true));
    }

    @Test
    void aTableThatIsYetToBeMadeIsKnownByItsNameAsFarAsThatGoes() {
        List<DatabaseMigration> older = List.of(older("team", TABLE));

        assertThat(Owner.of(naming(null, "billing_version"), Optional.empty(), older))
                .isEmpty();
        assertThat(Owner.of(naming("billing", "alembic_version"), Optional.empty(), older))
                .isEmpty();
        assertThat(Owner.of(naming(null, "alembic_version"), Optional.empty(), older))
                .hasValue(new Owner(Optional.of("older"), false));
    }

    @Test
    void aDatabaseThatWasNeverReadIsNobodys() {
        DatabaseMigration unread = younger(null);
        unread.setStatus(null);
        assertThat(Owner.keys(unread)).isEmpty();
        assertThat(owner(younger("b2"), List.of(unread))).isEmpty();
    }

    @Test
    void whoDoesNotOwnItStartsNothingAndIsNotReady() {
        Situation situation = Situation.settledAt("a1").target("b2").databaseIsAt("a1");
        situation.owner(new Owner(Optional.of("older"), true));

        assertThat(situation.happens()).isInstanceOfSatisfying(Fail.class, fail -> {
            assertThat(fail.failure().reason()).isEqualTo(Reason.ConflictingResource);
            assertThat(fail.failure().message()).contains("DatabaseMigration older", "delete one of the two");
        });
        situation.target("a1").databaseIsAt("a1");
        assertThat(situation.happens()).isInstanceOf(Fail.class);
        assertThat(situation.ready()).isFalse();

        situation.owner(null).databaseIsAt("a1");
        assertThat(situation.happens()).isInstanceOf(Settle.class);
    }

    @Test
    void looksForItsVersionTableWithoutRunningAnything() {
        Situation situation = new Situation().databaseIsAt("b2").owner(new Owner(Optional.of("older"), false));

        assertThat(situation.happens())
                .isInstanceOfSatisfying(
                        Start.class, start -> assertThat(start.kind()).isEqualTo(Kind.Plan));
        situation.attemptEnds(Situation.planned(List.of("b2"), List.of("b2"))).databaseIsAt("b2");
        assertThat(situation.happens()).isInstanceOf(TakeIn.class);
        assertThat(situation.ready()).isFalse();
    }
}
