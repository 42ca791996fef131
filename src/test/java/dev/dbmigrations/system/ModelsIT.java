package dev.dbmigrations.system;

import static dev.dbmigrations.api.Reason.AtTarget;
import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DatabaseMigrationStatus.Comparison;
import dev.dbmigrations.api.ModelsReason;
import dev.dbmigrations.testing.Cluster;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Whether the tables are as the models say, and nothing of a migration depends on the answer. */
@Execution(ExecutionMode.CONCURRENT)
class ModelsIT {

    private static final String HEAD = "d6ed100227f6";
    private static final String OF_TRIGPOINTING = """
            targetRevision: %s
            image: %s
            credentialsSecretRef: {name: shop-db}
            checkInterval: 1s
            modelCheck: %s
            """;

    @RegisterExtension
    final Team team = new Team();

    @Test
    void whatSomebodyChangedByHandIsSaidInWordsUntilItIsMended() {
        Database database = team.databaseWithSecret();
        Migration trig = team.migration("trig", OF_TRIGPOINTING.formatted(HEAD, Images.TRIGPOINTING, "1m"));
        awaits(trig, ModelsReason.ModelsMatch);

        database.run("""
                ALTER TABLE "user" ADD COLUMN nickname varchar(40);
                DROP INDEX idx_user_email""");
        awaits(trig, ModelsReason.ModelsDiffer);
        String shown = Cluster.shared().kubectl("get", "dbmigrations", "trig", "-n", team.namespace(), "-o", "yaml");
        System.out.println(shown);
        assertThat(shown)
                .containsIgnoringWhitespaces("2 differences: column user.nickname (VARCHAR(40)) is not in the models")
                .containsIgnoringWhitespaces("index idx_user_email on user (email) is missing");
        assertThat(condition(trig.status()).getStatus()).isEqualTo("False");
        assertThat(trig.status().condition("Ready").map(Condition::getReason)).contains(AtTarget.name());
        trig.awaitEvent("Warning ModelsDiffer");

        database.run("""
                ALTER TABLE "user" DROP COLUMN nickname;
                CREATE INDEX idx_user_email ON "user" (email)""");
        awaits(trig, ModelsReason.ModelsMatch);

        assertThat(comparison(trig).revisions()).containsExactly(HEAD);
        assertThat(trig.status().history()).hasSize(1);
        assertThat(trig.jobs()).as("its migration, and the newest check").hasSize(2);
        assertThat(team.statusesSeen())
                .filteredOn(status -> status.condition(ModelsReason.CONDITION)
                        .filter(condition -> "False".equals(condition.getStatus()))
                        .isPresent())
                .isNotEmpty()
                .allSatisfy(status -> assertThat(status.condition("Ready").map(Condition::getStatus))
                        .contains("True"));

        trig.change("modelCheck: Never");
        trig.await(
                AtTarget,
                "no word of models",
                status -> status.condition(ModelsReason.CONDITION).isEmpty());
        assertThat(trig.status().modelCheck()).isNull();
    }

    @Test
    void belowTheHeadNothingIsComparedAndAtTheHeadItIsOnce() {
        team.databaseWithSecret();
        Migration trig = team.migration(
                "trig", OF_TRIGPOINTING.formatted("16076fffeed5", Images.TRIGPOINTING, "AfterMigration"));
        awaits(trig, ModelsReason.NotAtHead);
        assertThat(condition(trig.status()).getMessage()).contains("16076fffeed5", HEAD);
        assertThat(condition(trig.status()).getStatus()).isEqualTo("Unknown");

        trig.change("targetRevision: head");
        awaits(trig, ModelsReason.ModelsMatch);
        assertThat(trig.status().history()).hasSize(2);
        assertThat(trig.jobs()).as("two migrations, and the newest check").hasSize(3);
    }

    @Test
    void anEnvPyWithoutModelsIsSaidAndTheDatabaseIsAtItsTargetAllTheSame() {
        team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("shop", "head", "modelCheck: AfterMigration"));

        awaits(shop, ModelsReason.NoModels);
        assertThat(condition(shop.status()).getMessage()).contains("target_metadata");
    }

    /** Ready says that the database is at its target, and the condition this, of the spec as it is. */
    private static void awaits(Migration migration, ModelsReason reason) {
        migration.await(
                AtTarget,
                reason.name(),
                status -> status.condition(ModelsReason.CONDITION)
                        .filter(condition -> reason.name().equals(condition.getReason())
                                && Objects.equals(condition.getObservedGeneration(), status.observedGeneration()))
                        .isPresent());
    }

    private static Condition condition(DatabaseMigrationStatus status) {
        return status.condition(ModelsReason.CONDITION).orElseThrow();
    }

    private static Comparison comparison(Migration migration) {
        return Objects.requireNonNull(migration.status().modelCheck());
    }
}
