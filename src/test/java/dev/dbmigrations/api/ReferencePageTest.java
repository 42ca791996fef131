package dev.dbmigrations.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The tables of {@code docs} are those that the CRDs, {@link Reason}, {@link ApprovalReason} and {@link ModelsReason} make. After a change of
 * one: {@code make docs} writes them.
 */
class ReferencePageTest {

    private static final Path RESOURCE = Path.of("docs/resource.md");
    private static final Path APPROVALS = Path.of("docs/plans-and-approvals.md");
    private static final Path MODELS = Path.of("docs/models.md");
    private static final Map<String, Path> PAGES = Map.of(
            "spec",
            RESOURCE,
            "status",
            RESOURCE,
            "reasons",
            RESOURCE,
            "approval",
            APPROVALS,
            "states",
            APPROVALS,
            "models",
            MODELS);
    private static final String SPEC_HEAD = "| field | default | meaning |\n| --- | --- | --- |\n";

    private static Map<String, String> tables = Map.of();

    @BeforeAll
    static void make() throws IOException {
        JSONSchemaProps schema = schema("crds/databasemigrations.yaml");
        tables = Map.of(
                "spec", fields(schema, "spec", SPEC_HEAD),
                "status", fields(schema, "status", "| field | meaning |\n| --- | --- |\n"),
                "reasons", reasons(),
                "approval", fields(schema("crds/migrationapprovals.yaml"), "spec", SPEC_HEAD),
                "states", states(),
                "models", models());
        if (Boolean.getBoolean("docs.write")) {
            for (Map.Entry<String, String> table : tables.entrySet()) {
                Path page = PAGES.get(table.getKey());
                Files.writeString(
                        page,
                        section(table.getKey())
                                .matcher(Files.readString(page))
                                .replaceFirst("$1" + Matcher.quoteReplacement(table.getValue()) + "$3"));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"spec", "status", "reasons", "approval", "states", "models"})
    void tableIsUpToDate(String name) throws IOException {
        Matcher section = section(name).matcher(Files.readString(PAGES.get(name)));

        assertThat(section.find())
                .as("%s has a section %s", PAGES.get(name), name)
                .isTrue();
        assertThat(section.group(2)).as("`make docs` writes it anew").isEqualTo(tables.get(name));
    }

    @Test
    void everyFailureIsOnTheTroubleshootingPage() throws IOException {
        String page = Files.readString(Path.of("docs/troubleshooting.md"));

        assertThat(Arrays.stream(Reason.values())
                        .filter(reason ->
                                reason != Reason.Unknown && reason.kind().fails()))
                .allSatisfy(reason -> assertThat(page).contains("`" + reason + "`"));
    }

    private static Pattern section(String name) {
        return Pattern.compile("(<!-- " + name + " -->\n)(.*?)(<!-- end of " + name + " -->)", Pattern.DOTALL);
    }

    private static String reasons() {
        return Arrays.stream(Reason.values())
                .filter(reason -> reason != Reason.Unknown)
                .map(reason -> "| `%s` | %s | %s |\n".formatted(reason, kind(reason.kind()), reason.advice()))
                .collect(Collectors.joining("", "| reason | means | what to do |\n| --- | --- | --- |\n", ""));
    }

    private static String states() {
        return Arrays.stream(ApprovalReason.values())
                .map(reason -> "| `%s` | %s | %s |\n"
                        .formatted(reason, reason.fits() ? "fits" : "does not fit", reason.advice()))
                .collect(Collectors.joining("", "| state | means | what to do |\n| --- | --- | --- |\n", ""));
    }

    private static String models() {
        return Arrays.stream(ModelsReason.values())
                .map(reason -> "| `%s` | `%s` | %s |\n".formatted(reason, reason.status(), reason.advice()))
                .collect(Collectors.joining("", "| reason | `ModelsMatch` | what to do |\n| --- | --- | --- |\n", ""));
    }

    private static String kind(Reason.Kind kind) {
        return switch (kind) {
            case READY -> "Ready";
            case RECONCILING -> "in progress";
            case RETRIED -> "failed, retried by itself";
            case STALLED, STALLED_ON_SECRET -> "stalled";
        };
    }

    private static String fields(JSONSchemaProps schema, String part, String head) {
        boolean withDefault = part.equals("spec");
        return below(Objects.requireNonNull(schema.getProperties().get(part)), "", part.equals("spec") ? 2 : 1)
                .map(field -> withDefault
                        ? "| `%s` | %s | %s |\n".formatted(field.path(), field.defaultValue(), field.meaning())
                        : "| `%s` | %s |\n".formatted(field.path(), field.meaning()))
                .collect(Collectors.joining("", head, ""));
    }

    /** The fields under a node, in the CRD's order, down to this depth. */
    private static Stream<Field> below(JSONSchemaProps node, String prefix, int depth) {
        List<String> required = node.getRequired();
        return node.getProperties().entrySet().stream().flatMap(entry -> {
            String path = prefix + entry.getKey();
            JSONSchemaProps field = entry.getValue();
            boolean goesOn = depth > 1 && !field.getProperties().isEmpty();
            Field self = new Field(path, shown(field, required.contains(entry.getKey())), meaning(field));
            return Stream.concat(Stream.of(self), goesOn ? below(field, path + ".", depth - 1) : Stream.empty());
        });
    }

    private static String shown(JSONSchemaProps field, boolean required) {
        if (required) {
            return "required";
        }
        JsonNode value = field.getDefault();
        return value == null || value.isContainerNode() ? "" : "`" + value.asText() + "`";
    }

    private static String meaning(JSONSchemaProps field) {
        return field.getDescription().strip().replace("|", "\\|");
    }

    private record Field(String path, String defaultValue, String meaning) {}

    private static JSONSchemaProps schema(String crd) throws IOException {
        try (InputStream file = Files.newInputStream(Path.of(crd))) {
            return new KubernetesSerialization()
                    .unmarshal(file, CustomResourceDefinition.class)
                    .getSpec()
                    .getVersions()
                    .getFirst()
                    .getSchema()
                    .getOpenAPIV3Schema();
        }
    }
}
