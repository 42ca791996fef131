package dev.dbmigrations.job;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** What the jar carries is the runner, the whole of it. */
@NullMarked
class RunnerFilesTest {

    private final RunnerFiles files = RunnerFiles.fromClassPath();

    @Test
    void areThoseOfTheSourceFolder() throws IOException {
        try (Stream<Path> sources = Files.list(Path.of("src/main/python/dbmigrations_runner"))) {
            assertThat(files.byName())
                    .isEqualTo(sources.filter(file -> file.toString().endsWith(".py"))
                            .collect(toMap(file -> file.getFileName().toString(), RunnerFilesTest::text)));
        }
        assertThat(files.byName()).containsKey("__main__.py");
    }

    @Test
    void allReachThePodThroughAnImmutableConfigMap() {
        var owner = JobBuilding.owner(Examples.resource("minimal"), false);
        var map = files.configMap("production", owner);
        assertThat(map.getData()).isEqualTo(files.byName());
        assertThat(map.getImmutable()).isTrue();
        assertThat(map.getMetadata().getName())
                .isEqualTo(files.configMapName())
                .matches("dbmigrations-runner-[0-9a-f]{10}");
        assertThat(map.getMetadata().getOwnerReferences()).containsExactly(owner);
        assertThat(map.getData().values().stream().mapToInt(String::length).sum())
                .as("a ConfigMap holds a mebibyte")
                .isLessThan(1 << 20);
    }

    @Test
    void anotherRunnerIsAnotherConfigMap() {
        Map<String, String> changed = new HashMap<>(files.byName());
        changed.merge("__main__.py", "# more", String::concat);
        assertThat(new RunnerFiles(changed).configMapName()).isNotEqualTo(files.configMapName());
        assertThat(new RunnerFiles(Map.copyOf(files.byName())).configMapName()).isEqualTo(files.configMapName());
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
