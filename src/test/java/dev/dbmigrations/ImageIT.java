package dev.dbmigrations;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.testing.OperatorImage;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The operator's image: it starts as the chart starts it, and nothing is in it but what runs. */
class ImageIT {

    @Test
    void startsReadOnlyWithoutCapabilities() {
        assertThat(OperatorImage.run(List.of(), "--version")).startsWith("dbmigrations ");
    }

    @Test
    void isNotRoot() {
        assertThat(OperatorImage.run(List.of("--entrypoint", "id"), "-u")).isEqualTo("65532\n");
    }

    /** A cache that does not fit is left out silently otherwise, and each start takes seconds longer. */
    @Test
    void usesItsCacheOfClasses() {
        String log = OperatorImage.run(
                List.of("--entrypoint", "java"),
                "@java-options",
                "-XX:AOTCache=operator.aot",
                "-XX:AOTMode=on",
                "-Xlog:class+load",
                "-jar",
                "dbmigrations.jar",
                "--version");

        assertThat(log.lines().filter(line -> line.contains("dev.dbmigrations.Main ")))
                .singleElement()
                .asString()
                .contains("shared objects file");
    }

    @Test
    void holdsWhatRunsAndNothingElse() {
        String files = OperatorImage.run(List.of("--entrypoint", "find"), ".", "-type", "f");

        assertThat(files.lines())
                .allMatch(file -> file.startsWith("./lib/")
                        || List.of("./dbmigrations.jar", "./operator.aot", "./java-options")
                                .contains(file));
        assertThat(files).doesNotContain("junit", "assertj", "testcontainers", "archunit", "helm-java", "errorprone");
    }

    @Test
    void isLabelled() {
        assertThat(OperatorImage.label("org.opencontainers.image.version")).isEqualTo(OperatorImage.TAG);
        assertThat(OperatorImage.label("org.opencontainers.image.source")).startsWith("https://");
    }
}
