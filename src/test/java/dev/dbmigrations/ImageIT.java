package dev.dbmigrations;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.dbmigrations.testing.OperatorImage;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
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
                        || List.of("./dbmigrations.jar", "./operator.aot", "./java-options", "./dbmigrations.cdx.json")
                                .contains(file));
        assertThat(files).doesNotContain("junit", "assertj", "testcontainers", "archunit", "helm-java", "errorprone");
    }

    @Test
    void isLabelled() {
        assertThat(OperatorImage.label("org.opencontainers.image.version")).isEqualTo(OperatorImage.TAG);
        assertThat(OperatorImage.label("org.opencontainers.image.source")).startsWith("https://");
        assertThat(OperatorImage.label("org.opencontainers.image.revision")).matches("[0-9a-f]{40}");
        assertThat(OperatorImage.label("org.opencontainers.image.licenses")).isEqualTo("Apache-2.0");
    }

    /** Each jar that is in it, and nothing that is not. */
    @Test
    void saysWhatItIsMadeOf() {
        JsonNode bom = Serialization.unmarshal(
                OperatorImage.run(List.of("--entrypoint", "cat"), "dbmigrations.cdx.json"), JsonNode.class);
        Set<String> told = bom.path("components")
                .valueStream()
                .map(part ->
                        part.path("name").asText() + "-" + part.path("version").asText() + ".jar")
                .collect(Collectors.toSet());
        Set<String> there =
                OperatorImage.run(List.of("--entrypoint", "ls"), "lib").lines().collect(Collectors.toSet());

        assertThat(bom.path("bomFormat").asText()).isEqualTo("CycloneDX");
        assertThat(told).isEqualTo(there);
    }
}
