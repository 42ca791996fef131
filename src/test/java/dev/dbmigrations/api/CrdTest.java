package dev.dbmigrations.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The CRD is written by hand: here it is held against the records that the operator reads and writes. */
@NullUnmarked
class CrdTest {

    static final Path CRD = Path.of("crds/databasemigrations.yaml");
    static final Path CRD_OF_APPROVALS = Path.of("crds/migrationapprovals.yaml");

    private static final KubernetesSerialization YAML = new KubernetesSerialization();

    private static CustomResourceDefinition crd = new CustomResourceDefinition();
    private static JSONSchemaProps schema = new JSONSchemaProps();

    private static CustomResourceDefinition crdOfApprovals = new CustomResourceDefinition();
    private static JSONSchemaProps schemaOfApprovals = new JSONSchemaProps();

    @BeforeAll
    static void read() throws IOException {
        crd = read(CRD);
        schema = schema(crd);
        crdOfApprovals = read(CRD_OF_APPROVALS);
        schemaOfApprovals = schema(crdOfApprovals);
    }

    private static CustomResourceDefinition read(Path path) throws IOException {
        try (InputStream file = Files.newInputStream(path)) {
            return YAML.unmarshal(file, CustomResourceDefinition.class);
        }
    }

    private static JSONSchemaProps schema(CustomResourceDefinition definition) {
        return definition.getSpec().getVersions().getFirst().getSchema().getOpenAPIV3Schema();
    }

    @Test
    void specAndItsRecordHaveTheSameFields() {
        SchemaAgreement.agree(
                "spec", DatabaseMigrationSpec.class, schema.getProperties().get("spec"));
    }

    @Test
    void statusAndItsRecordHaveTheSameFields() {
        SchemaAgreement.agree(
                "status", DatabaseMigrationStatus.class, schema.getProperties().get("status"));
    }

    @Test
    void anApprovalAndItsRecordsHaveTheSameFields() {
        var parts = schemaOfApprovals.getProperties();

        SchemaAgreement.agree("spec", MigrationApprovalSpec.class, parts.get("spec"));
        SchemaAgreement.agree("status", MigrationApprovalStatus.class, parts.get("status"));
    }

    @Test
    void namesAreThoseOfTheClasses() {
        areThoseOf(new DatabaseMigration(), crd, "dbmigrations", "dbm");
        areThoseOf(new MigrationApproval(), crdOfApprovals, "dbma");
    }

    private static void areThoseOf(CustomResource<?, ?> type, CustomResourceDefinition crd, String... shortNames) {
        var names = crd.getSpec().getNames();

        assertThat(crd.getMetadata().getName()).isEqualTo(type.getCRDName());
        assertThat(names.getKind()).isEqualTo(type.getKind());
        assertThat(names.getSingular()).isEqualTo(type.getSingular());
        assertThat(names.getShortNames()).containsExactly(shortNames);
        assertThat(names.getCategories())
                .as("a category that equals a short name pulls in every kind of the category")
                .containsExactly("migrations")
                .doesNotContainAnyElementsOf(names.getShortNames());
    }

    @ParameterizedTest
    @EnumSource(Reason.class)
    void everyReasonFits(Reason reason) {
        JSONSchemaProps status = schema.getProperties().get("status");
        JSONSchemaProps ofCondition = SchemaAgreement.properties(SchemaAgreement.properties(status)
                        .get("conditions")
                        .getItems()
                        .getSchema())
                .get("reason");
        JSONSchemaProps ofFailure = SchemaAgreement.properties(
                        SchemaAgreement.properties(status).get("lastFailure"))
                .get("reason");

        assertThat(reason.name()).matches(ofCondition.getPattern()).matches(ofFailure.getPattern());
    }

    @ParameterizedTest
    @EnumSource(ModelsReason.class)
    void everyReasonOfTheModelsFits(ModelsReason reason) {
        Map<String, JSONSchemaProps> condition = SchemaAgreement.properties(
                SchemaAgreement.properties(schema.getProperties().get("status"))
                        .get("conditions")
                        .getItems()
                        .getSchema());

        assertThat(reason.name()).matches(condition.get("reason").getPattern());
        assertThat(condition.get("status").getEnum().toString()).contains("\"" + reason.status() + "\"");
    }

    @Test
    void everyFieldIsDescribedAndBounded() {
        for (String part : List.of("spec", "status")) {
            walk(part, schema.getProperties().get(part), CrdTest::describedAndBounded);
            walk(part, schemaOfApprovals.getProperties().get(part), CrdTest::describedAndBounded);
        }
    }

    @Test
    void fitsIntoTheAnnotationOfClientSideApply() throws IOException {
        assertThat(Files.size(CRD)).isLessThan(262_144);
    }

    private static void describedAndBounded(String path, JSONSchemaProps node) {
        assertThat(node.getDescription()).as(path).isNotBlank();
        assertThat(node.getXKubernetesPreserveUnknownFields()).as(path).isNull();
        boolean text = "string".equals(node.getType()) || node.getXKubernetesIntOrString() != null;
        if (text && node.getEnum().isEmpty() && !"date-time".equals(node.getFormat())) {
            assertThat(node.getMaxLength()).as(path + " needs a maxLength").isNotNull();
        }
        if ("array".equals(node.getType())) {
            assertThat(node.getMaxItems()).as(path + " needs maxItems").isNotNull();
            assertThat(node.getXKubernetesListType())
                    .as(path + " needs a list type")
                    .isNotNull();
        }
        if (node.getAdditionalProperties() != null) {
            assertThat(node.getMaxProperties())
                    .as(path + " needs maxProperties")
                    .isNotNull();
        }
        if ("integer".equals(node.getType())) {
            assertThat(node.getMinimum()).as(path + " needs a minimum").isNotNull();
        }
    }

    private static void walk(String path, JSONSchemaProps node, BiConsumer<String, JSONSchemaProps> visit) {
        visit.accept(path, node);
        SchemaAgreement.properties(node).forEach((name, child) -> walk(path + "." + name, child, visit));
        if (node.getItems() != null) {
            walk(path + "[]", node.getItems().getSchema(), visit);
        }
        if (node.getAdditionalProperties() != null) {
            walk(path + "{}", node.getAdditionalProperties().getSchema(), visit);
        }
    }
}
