package dev.dbmigrations.system;

import static dev.dbmigrations.api.Reason.AtTarget;
import static dev.dbmigrations.api.Reason.MigrationFailed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DatabaseMigrationStatus.LastFailure;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * Trees of others, as PyPI has them, in images that do nothing but install them: the schema is the one that plain
 * {@code alembic upgrade head} makes, and going back does what the tree's own downgrades do.
 */
@Execution(ExecutionMode.CONCURRENT)
class RealTreesIT {

    @RegisterExtension
    final Team team = new Team();

    /**
     * A tree in its image.
     *
     * @param folder where its alembic.ini is
     * @param driver that its env.py takes
     * @param variable in which its env.py looks for the database's URL
     */
    private record Tree(String image, String folder, String driver, String variable) {

        String spec(String target) {
            return """
                    targetRevision: %s
                    image: %s
                    alembic: {workingDir: %s}
                    credentialsSecretRef: {name: %s, env: {%s: url}}
                    """.formatted(target, image, folder, Team.SECRET, variable);
        }
    }

    @Test
    void migratesArizePhoenixUpAndBackAndUpAgain() {
        Tree phoenix =
                new Tree(Images.installed("phoenix"), "/packages/phoenix/db", "asyncpg", "PHOENIX_SQL_DATABASE_URL");
        Database database = team.databaseWithSecret();

        Migration migration = team.migration(phoenix.spec("head"));
        assertThat(migration.await(AtTarget).history()).isNotNull();
        assertThat(schemaOf(database)).isEqualTo(schemaByPlainAlembic(phoenix));

        migration.change("targetRevision: base");
        migration.await(AtTarget);
        assertThat(database.tables()).containsExactly("alembic_version");

        migration.change("targetRevision: head");
        migration.await(AtTarget);
        assertThat(schemaOf(database)).isEqualTo(schemaByPlainAlembic(phoenix));
    }

    @Test
    void migratesAirflowAndSaysWhereItsWayBackIsBroken() {
        Tree airflow = new Tree(
                Images.installed("airflow"), "/packages/airflow", "psycopg2", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN");
        Database database = team.databaseWithSecret();

        Migration migration = team.migration(airflow.spec("head"));
        migration.await(AtTarget);
        assertThat(schemaOf(database)).isEqualTo(schemaByPlainAlembic(airflow));

        // As with plain Alembic: the revision 4bc4d934e2bc does not find an index of its own, those above it are
        // undone.
        migration.change("targetRevision: base");
        DatabaseMigrationStatus half = migration.await(MigrationFailed);
        LastFailure failure = Objects.requireNonNull(half.lastFailure());
        assertThat(failure.revision()).isEqualTo("4bc4d934e2bc");
        assertThat(failure.sqlState()).isEqualTo("42704");
        assertThat(failure.statement()).contains("DROP INDEX sm_dag");
        assertThat(half.currentRevision()).isEqualTo("4bc4d934e2bc");
        assertThat(database.revisions()).containsExactly("4bc4d934e2bc");

        migration.change("targetRevision: head");
        migration.await(AtTarget);
        assertThat(database.revisions())
                .isEqualTo(Objects.requireNonNull(half.lastReached()).revisions());
    }

    @Test
    void migratesOptunaAndSaysThatItsWayBackIsBroken() {
        Tree optuna =
                new Tree(Images.installed("optuna"), "/packages/optuna/storages/_rdb", "psycopg2", "OPTUNA_STORAGE");
        Database database = team.databaseWithSecret();

        Migration migration = team.migration(optuna.spec("head"));
        migration.await(AtTarget);
        String schema = schemaByPlainAlembic(optuna);
        assertThat(schemaOf(database)).isEqualTo(schema);

        // As with plain Alembic: a downgrade() uses what newer models do not have, and nothing moves.
        migration.change("targetRevision: base");
        DatabaseMigrationStatus status = migration.await(MigrationFailed);
        assertThat(Objects.requireNonNull(status.lastFailure()).revision()).isEqualTo("v3.0.0.c");
        assertThat(migration.message()).contains("FloatTypeEnum");
        assertThat(database.revisions()).containsExactly("v3.2.0.a");
        assertThat(schemaOf(database)).isEqualTo(schema);
    }

    private static String schemaOf(Database database) {
        return database.server().schemaOf(database.name());
    }

    /** What {@code alembic upgrade head} makes of an empty database, in a pod of the same image without us. */
    private String schemaByPlainAlembic(Tree tree) {
        Database database = team.database();
        String url = "postgresql+%s://%s:%s@%s/%s"
                .formatted(tree.driver(), database.role(), database.password(), DatabaseServer.HOST, database.name());
        String name = "plain-" + DatabaseServer.unique();
        team.secret(name, Map.of("URL", url, tree.variable(), url));
        team.apply("""
                apiVersion: v1
                kind: Pod
                metadata: {name: %s}
                spec:
                  restartPolicy: Never
                  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
                  containers:
                    - name: alembic
                      image: %s
                      workingDir: %s
                      command: [python3, -P, -c]
                      args:
                        - |
                          import os
                          from alembic import command
                          from alembic.config import Config
                          config = Config("alembic.ini")
                          config.set_main_option("sqlalchemy.url", os.environ["URL"])
                          command.upgrade(config, "head")
                      env: [{name: HOME, value: /tmp}]
                      envFrom: [{secretRef: {name: %s}}]
                      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
                """.formatted(name, tree.image(), tree.folder(), name));
        team.awaitSuccess(name);
        return schemaOf(database);
    }
}
