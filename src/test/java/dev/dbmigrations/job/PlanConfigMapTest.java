package dev.dbmigrations.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.AlembicSettings;
import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus.DatabaseIdentity;
import dev.dbmigrations.api.PlanStatus;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A plan as people find it in the cluster. */
@NullMarked
class PlanConfigMapTest {

    private static final String HASH = "0123456789abcdef".repeat(4);
    private static final DatabaseMigration RESOURCE = Examples.resource("minimal");

    private static PlanDocument.Step step(String sql) {
        return new PlanDocument.Step(
                "b2",
                "what it does",
                "Upgrade",
                sql,
                true,
                null,
                List.of(new PlanDocument.Operation("drop_column", "user.name")),
                List.of("drops column user.name"),
                List.of(),
                null,
                null);
    }

    private static ConfigMap of(List<PlanDocument.Step> steps, List<PlanDocument.Step> back) {
        return of(null, steps, back);
    }

    private static ConfigMap of(
            PlanDocument.@Nullable Baseline baseline, List<PlanDocument.Step> steps, List<PlanDocument.Step> back) {
        PlanDocument document = new PlanDocument(
                1,
                "head",
                List.of("b2"),
                List.of("a1"),
                List.of("b2"),
                "Upgrade",
                baseline,
                steps,
                new PlanDocument.WayBack("revision b1 raises", List.of("b2"), List.of("b1"), back));
        PlanStatus plan = new PlanStatus(
                HASH,
                "Upgrade",
                List.of("a1"),
                List.of("b2"),
                null,
                steps.size(),
                List.of(),
                true,
                PlanConfigMap.name(RESOURCE.getMetadata().getName(), HASH),
                "image@sha256:aa",
                new PlanStatus.MadeFor(
                        "head",
                        "image:1",
                        AlembicSettings.DEFAULT,
                        null,
                        null,
                        new DatabaseIdentity("db", 5432, "app", null, null)),
                Instant.parse("2026-11-01T12:00:00Z"));
        return PlanConfigMap.of(RESOURCE, plan, document, "trig-1");
    }

    @Test
    void hasTheSqlTheWayBackAndAllElse() {
        ConfigMap kept = of(List.of(step("ONE;\n"), step("TWO;\n")), List.of(step("BACK;\n")));

        assertThat(kept.getImmutable()).isTrue();
        assertThat(kept.getMetadata().getOwnerReferences().getFirst().getUid())
                .isEqualTo(RESOURCE.getMetadata().getUid());
        assertThat(kept.getData().get("plan.sql")).isEqualTo("ONE;\nTWO;\n");
        assertThat(kept.getData().get("way-back.sql"))
                .isEqualTo("BACK;\n-- the way back ends here: revision b1 raises\n");
        Map<?, ?> facts = Serialization.unmarshal(kept.getData().get("plan.json"), Map.class);
        assertThat(facts.get("hash")).isEqualTo(HASH);
        assertThat(kept.getData().get("plan.json"))
                .contains("drops column user.name", "drop_column")
                .doesNotContain("ONE;");
    }

    @Test
    void beginsWithTheStamp() {
        ConfigMap kept =
                of(new PlanDocument.Baseline("a0", "STAMP;\n", List.of("a0")), List.of(step("ONE;\n")), List.of());

        assertThat(kept.getData().get("plan.sql")).isEqualTo("STAMP;\nONE;\n");
        assertThat(kept.getData().get("plan.json")).contains("\"unread\"").doesNotContain("STAMP;");
    }

    @Test
    void cutsWhatIsTooLargeForOneAndSaysWhere() {
        String large = "INSERT INTO t VALUES ('größer');\n".repeat(40_000);
        ConfigMap kept = of(List.of(step(large)), List.of(step(large)));

        assertThat(kept.getData().get("plan.sql")).contains("-- CUT HERE: ", "log of Job trig-1");
        assertThat(Objects.requireNonNull(kept.getData().get("plan.sql"))
                        .lines()
                        .filter(line -> line.startsWith("INSERT")))
                .allMatch(line -> line.endsWith("');"));
        assertThat(bytes(kept)).isLessThan(1 << 20);
    }

    @Test
    void cutsALineWithoutEndBetweenCharacters() {
        ConfigMap kept = of(List.of(step("ü".repeat(500_000))), List.of());

        assertThat(kept.getData().get("plan.sql")).doesNotContain("\uFFFD").contains("CUT HERE");
    }

    @Test
    void leavesTheLastStepsOutOfTheFactsWhereThereAreTooMany() {
        ConfigMap kept = of(Collections.nCopies(5_000, step("X;\n")), Collections.nCopies(5_000, step("Y;\n")));

        assertThat(kept.getData().get("plan.json")).contains("\"stepsLeftOut\"");
        assertThat(bytes(kept)).isLessThan(1 << 20);
    }

    @Test
    void isNamedAfterTheResourceAndTheHash() {
        assertThat(PlanConfigMap.name("shop", HASH)).isEqualTo("shop-plan-0123456789");
        assertThat(PlanConfigMap.name("a".repeat(39) + ".b", HASH)).isEqualTo("a".repeat(39) + "-plan-0123456789");
    }

    private static int bytes(ConfigMap kept) {
        return kept.getData().values().stream()
                .mapToInt(text -> text.getBytes(StandardCharsets.UTF_8).length)
                .sum();
    }
}
