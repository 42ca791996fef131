package dev.dbmigrations.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The resource as it comes from the API server: whatever a newer or an older version stored, it can be read. */
@NullMarked
class DatabaseMigrationTest {

    private static final KubernetesSerialization KUBERNETES = new KubernetesSerialization();

    private static DatabaseMigration read(String body) {
        return KUBERNETES.unmarshal("""
                apiVersion: dbmigrations.dev/v1alpha1
                kind: DatabaseMigration
                metadata: {name: shop}
                """ + body, DatabaseMigration.class);
    }

    @Test
    void aSpecOfThreeLinesHasTheDefaults() {
        assertThat(read("spec: {targetRevision: a1, image: img, credentialsSecretRef: {name: db}}\n")
                        .getSpec())
                .isEqualTo(DatabaseMigrationSpec.of("a1", "img", "db"));
    }

    @Test
    void unknownFieldsAndValuesOfANewerVersionStopNothing() {
        DatabaseMigration resource = read("""
                spec:
                  targetRevision: a1
                  image: img
                  credentialsSecretRef: {name: db, vault: {path: x}}
                  alembic: {dialect: x, arguments: null}
                  downgrade: WhenTheMoonIsFull
                  approval: Always
                  lockTimeout: three seconds
                  checkInterval: 1h
                  job: {sidecars: [], env: null, labels: null, tolerations: null}
                status:
                  observedGeneration: 3
                  plan: {hash: x}
                  lastFailure: {reason: MoonPhase, message: m, at: "2026-11-01T12:00:00Z", count: 1, generation: 3, x: 1}
                  history: null
                  conditions: null
                more: [1]
                """);
        assertThat(resource.getSpec().downgrade()).as("the one that does least").isEqualTo(DowngradePolicy.Never);
        assertThat(resource.getSpec().lockTimeout()).isEqualTo(Duration.ofSeconds(5));
        assertThat(resource.getSpec().checkInterval()).isEqualTo(Duration.ofHours(1));
        assertThat(resource.getSpec().alembic()).isEqualTo(AlembicSettings.DEFAULT);
        assertThat(resource.getSpec().job()).isEqualTo(JobSettings.DEFAULT);
        assertThat(Objects.requireNonNull(resource.getStatus().lastFailure()).reason())
                .isEqualTo(Reason.Unknown);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "spec: {}\n",
                "spec: {job: {env: [{name: A, value: b}], labels: {a: null}}}\n",
                "spec: {alembic: {arguments: [null]}, credentialsSecretRef: {env: {A: null}}}\n",
                "spec: {lockTimeout: 5, targetRevision: 20240101}\nstatus: {}\n",
            })
    void whatAnOlderVersionLetInCanBeRead(String body) {
        DatabaseMigration resource = read(body.equals("{}") ? "" : body);
        assertThat(resource.getMetadata().getName()).isEqualTo("shop");
        if (resource.getSpec() != null) {
            assertThat(resource.getSpec().targetRevision()).isIn("", "20240101");
        }
    }

    @Test
    void whatIsReadIsWrittenAgain() {
        DatabaseMigrationSpec spec = DatabaseMigrationSpec.of("a1", "img", "db");
        assertThat(KUBERNETES.unmarshal(KUBERNETES.asJson(spec), DatabaseMigrationSpec.class))
                .isEqualTo(spec);
    }

    @ParameterizedTest
    @CsvSource({
        "500ms, PT0.5S",
        "5s, PT5S",
        "1m30s, PT1M30S",
        "2h, PT2H",
        "1h0m1s, PT1H1S",
        "0s, PT0S",
        "999999999h, PT999999999H"
    })
    void durationsAreReadAsTheyAreWrittenInKubernetes(String text, Duration duration) {
        assertThat(DurationText.parse(text)).isEqualTo(duration);
        assertThat(DurationText.parse(DurationText.format(duration))).isEqualTo(duration);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "5", "s", "-5s", "5 s", "1d", "1.5s", "5s!", "9999999999s", "PT5S"})
    void whatIsNoDurationIsNone(String text) {
        assertThat(DurationText.parse(text)).isNull();
    }

    @ParameterizedTest
    @EnumSource
    void everyReasonSaysWhatToDo(Reason reason) {
        assertThat(reason.advice()).endsWith(".").hasSizeGreaterThan(15);
        assertThat(Reason.of(reason.name())).isEqualTo(reason);
        assertThat(reason.kind().stalls() && !reason.kind().fails())
                .as("what stalls has failed")
                .isFalse();
    }
}
