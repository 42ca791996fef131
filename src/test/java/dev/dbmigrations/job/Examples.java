package dev.dbmigrations.job;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.job.RunDocument.Database;
import dev.dbmigrations.job.RunDocument.Downgrade;
import dev.dbmigrations.job.RunDocument.Expected;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.NullMarked;

/** Resources from {@code src/test/resources/job}, and the Jobs that come of them. */
@NullMarked
final class Examples {

    static final Path FOLDER = Path.of("src/test/resources/job");
    static final KubernetesSerialization YAML = new KubernetesSerialization();
    static final JobBuilding BUILDING = new JobBuilding("dbmigrations-runner-0123456789", PodSecurity.DEFAULT);

    private Examples() {}

    static DatabaseMigration resource(String name) {
        return YAML.unmarshal(text(name + ".resource.yaml"), DatabaseMigration.class);
    }

    static RunDocument run(DatabaseMigration resource, int attempt) {
        return RunDocument.of(
                resource.getSpec(),
                resource.getMetadata().getUid(),
                attempt,
                new Expected(List.of("a1"), new Database("shop", 16384, "7412")),
                Downgrade.NotRequested,
                false);
    }

    static Job job(String name) {
        DatabaseMigration resource = resource(name);
        return BUILDING.build(resource, Tree.of(resource.getSpec()), run(resource, 3), null);
    }

    static String text(String file) {
        try {
            return Files.readString(FOLDER.resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
