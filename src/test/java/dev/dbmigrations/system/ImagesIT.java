package dev.dbmigrations.system;

import static dev.dbmigrations.api.Reason.AmbiguousRevision;
import static dev.dbmigrations.api.Reason.AtTarget;
import static dev.dbmigrations.api.Reason.EnvironmentFailed;
import static dev.dbmigrations.api.Reason.ImageUnusable;
import static dev.dbmigrations.api.Reason.RevisionNotFound;
import static dev.dbmigrations.api.Reason.WaitingForPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DatabaseMigrationStatus;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Images as teams have them, usable and not. */
@Execution(ExecutionMode.CONCURRENT)
class ImagesIT {

    @RegisterExtension
    final Team team = new Team();

    static Stream<String> imagesOfRootAndOfANamedUser() {
        return Stream.of(Images.TREES, Images.NAMED_USER);
    }

    @ParameterizedTest
    @MethodSource("imagesOfRootAndOfANamedUser")
    void runsAsNobodyWhateverUserTheImageHas(String image) {
        Database database = team.databaseWithSecret();

        Migration shop = team.migration(Team.tree("whoami", "head", "image: " + image));
        shop.await(AtTarget);

        assertThat(database.ask("SELECT uid, gid FROM runs_as")).containsExactly("65532|65532");
    }

    @Test
    void saysThatTheImageHasNoAlembic() {
        team.databaseWithSecret();

        Migration shop = team.migration("""
                targetRevision: head
                image: %s
                credentialsSecretRef: {name: shop-db}
                """.formatted(Images.WITHOUT_ALEMBIC));
        isStalled(shop.await(ImageUnusable));

        assertThat(shop.message()).contains("no SQLAlchemy").contains("alembic.python");
    }

    @Test
    void saysThatTheImageHasNoPython() {
        team.databaseWithSecret();

        Migration shop = team.migration("""
                targetRevision: head
                image: %s
                credentialsSecretRef: {name: shop-db}
                """.formatted(Images.WITHOUT_PYTHON));
        isStalled(shop.await(ImageUnusable));

        assertThat(shop.message()).contains("python3").contains("spec.alembic.python");
    }

    @Test
    void saysThatThereIsNoAlembicIniWhereTheSpecSays() {
        team.databaseWithSecret();

        Migration shop = team.migration(Team.tree("shop", "head", "alembic: {config: conf/alembic.ini}"));
        isStalled(shop.await(ImageUnusable));

        assertThat(shop.message()).contains("conf/alembic.ini").contains("/trees/shop");
    }

    @Test
    void saysThatTheImageDoesNotKnowTheRevision() {
        Database database = team.databaseWithSecret();

        Migration shop = team.migration(Team.tree("shop", "0e59c3885358"));
        isStalled(shop.await(RevisionNotFound));

        assertThat(shop.message()).contains("0e59c3885358").contains(Images.TREES);
        assertThat(database.tables()).isEmpty();
    }

    @Test
    void namesBothRevisionsThatAPrefixCouldMean() {
        Database database = team.databaseWithSecret();

        Migration shop = team.migration(Team.tree("prefixes", "'27c6'"));
        isStalled(shop.await(AmbiguousRevision));
        assertThat(shop.message()).contains("27c6a1").contains("27c6b2");

        shop.change("targetRevision: 27c6b");
        DatabaseMigrationStatus status = shop.await(AtTarget);
        assertThat(status.resolvedTarget()).containsExactly("27c6b2");
        assertThat(database.revisions()).containsExactly("27c6b2");
    }

    @Test
    void saysWhatEnvPyRaised() {
        team.databaseWithSecret();

        Migration shop = team.migration(Team.tree("raising", "head"));
        isStalled(shop.await(EnvironmentFailed));

        assertThat(shop.message()).contains("the settings file /etc/shop.toml is missing");
    }

    @Test
    void stopsBeforeTheFirstStatementWhereEnvPyLeadsToAnotherDatabase() {
        Database database = team.databaseWithSecret();
        Database other = team.database();
        other.server()
                .psql("postgres", "ALTER DATABASE \"%s\" OWNER TO \"%s\"".formatted(other.name(), database.role()));

        Migration shop = team.migration(
                Team.tree("elsewhere", "head", "alembic: {arguments: [database=%s]}".formatted(other.name())));
        isStalled(shop.await(EnvironmentFailed));

        assertThat(shop.message()).contains(other.name()).contains(database.name());
        assertThat(other.tables()).isEmpty();
        assertThat(database.tables()).isEmpty();
    }

    @Test
    void waitsForAnImageThatCannotBePulledUntilTheSpecNamesAnother() {
        Database database = team.databaseWithSecret();

        Migration shop = team.migration(Team.tree("shop", "head", "image: registry.invalid/shop:1.4.2"));
        shop.await(WaitingForPod);
        assertThat(shop.message()).contains("registry.invalid/shop:1.4.2");

        shop.change("image: " + Images.TREES);
        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("r5_vouchers");
    }

    private static void isStalled(DatabaseMigrationStatus status) {
        assertThat(status.condition("Stalled")).isPresent();
        assertThat(status.lastFailure())
                .isNotNull()
                .satisfies(failure -> assertThat(failure.retryAt()).isNull());
    }
}
