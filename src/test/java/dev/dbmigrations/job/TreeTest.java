package dev.dbmigrations.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.AlembicSettings;
import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.job.SeenAttempt.Kind;
import dev.dbmigrations.job.SeenAttempt.Waiting;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** With which image a rollback runs, by what the container runtime said that it ran. */
@NullMarked
class TreeTest {

    private static final String IMAGE = "registry.example.com/shop-migrations:1.9.0";
    private static final AlembicSettings SETTINGS = new AlembicSettings(
            "old/alembic.ini", "/old", "old", "/old/python", "old_version", "old", List.of("tenant=old"));

    @ParameterizedTest
    @CsvSource({
        // Pulled from a registry.
        "registry.example.com/shop-migrations@sha256:5d0b, registry.example.com/shop-migrations@sha256:5d0b",
        "docker.io/library/shop@sha256:5d0b, docker.io/library/shop@sha256:5d0b",
        "docker-pullable://registry.example.com/shop-migrations@sha256:5d0b, "
                + "registry.example.com/shop-migrations@sha256:5d0b",
        // Imported, with and without a name for the digest.
        "docker.io/library/import-2026-11-22@sha256:5d0b, docker.io/library/import-2026-11-22@sha256:5d0b",
        "sha256:5d0b, sha256:5d0b",
        "docker://sha256:5d0b, sha256:5d0b",
        // Nothing that a pod could name.
        "5d0b, " + IMAGE,
        "'', " + IMAGE,
        ", " + IMAGE
    })
    void isTheContentThatRan(@Nullable String imageId, String runs) {
        assertThat(Tree.asItRan(IMAGE, imageId, SETTINGS).image()).isEqualTo(runs);
    }

    @Test
    void aRollbackRunsItWithItsOwnSettings() {
        Container container = container(rollback(IMAGE + "@sha256:5d0b"));

        assertThat(container.getImage()).isEqualTo(IMAGE + "@sha256:5d0b");
        assertThat(container.getImagePullPolicy()).isEqualTo("IfNotPresent");
        assertThat(container.getCommand()).first().isEqualTo("/old/python");
        assertThat(container.getWorkingDir()).isEqualTo("/old");
    }

    @Test
    void noRegistryIsAskedForAnImageThatOnlyNodesHave() {
        assertThat(container(rollback("sha256:5d0b")).getImagePullPolicy()).isEqualTo("Never");
    }

    @Test
    void aRollbackIsReadAsOne() {
        SeenAttempt attempt =
                AttemptReading.read(rollback("sha256:5d0b"), List.of()).orElseThrow();

        assertThat(attempt.isRollback()).isTrue();
        assertThat(attempt.asked().kind()).isEqualTo(Kind.Rollback);
        assertThat(attempt.asked().image()).isEqualTo(IMAGE);
        assertThat(attempt.asked().target()).isEqualTo("b2");
        assertThat(attempt.asked().alembic()).isEqualTo(SETTINGS);
        assertThat(AttemptReading.read(Examples.job("minimal"), List.of())
                        .orElseThrow()
                        .isRollback())
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "ErrImagePull: not found, true",
        "ImagePullBackOff, true",
        "ErrImageNeverPull: not present, true",
        "CreateContainerConfigError: no Secret, false",
        "Unschedulable: no node, false",
        ", false"
    })
    void waitsForItsImage(@Nullable String message, boolean itsImage) {
        assertThat(new Waiting(message).forItsImage()).isEqualTo(itsImage);
    }

    @Test
    void aRollbackKnowsNoBaseline() {
        RunDocument run = Examples.run(Examples.resource("every-setting"), 3);

        assertThat(run.baseline()).isEqualTo("a0");
        assertThat(run.rollingBack(IMAGE, SETTINGS, List.of("b2")).baseline()).isNull();
    }

    @Test
    void aRunOfAPlanStampsWhereThePlanDoesOrNotAtAll() {
        RunDocument run = Examples.run(Examples.resource("every-setting"), 3);

        assertThat(run.stamping("a1")).isEqualTo(run.stamping(null).stamping("a1"));
        assertThat(run.stamping("a1").baseline()).isEqualTo("a1");
        assertThat(run.stamping("a1").baselineRequired()).isTrue();
        assertThat(run.stamping(null).baseline()).isNull();
        assertThat(run.stamping(null).baselineRequired()).isFalse();
    }

    private static Job rollback(String runs) {
        DatabaseMigration resource = Examples.resource("every-setting");
        RunDocument run = Examples.run(resource, 3).rollingBack(IMAGE, SETTINGS, List.of("b2"));
        return Examples.BUILDING.build(resource, new Tree(runs, SETTINGS), run, null);
    }

    private static Container container(Job job) {
        return job.getSpec().getTemplate().getSpec().getContainers().getFirst();
    }
}
