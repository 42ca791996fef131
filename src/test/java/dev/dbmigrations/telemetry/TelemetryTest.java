package dev.dbmigrations.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DatabaseMigrationStatus.Attempt;
import dev.dbmigrations.api.DatabaseMigrationStatus.LastFailure;
import dev.dbmigrations.api.DatabaseMigrationStatus.Migration;
import dev.dbmigrations.api.ModelsReason;
import dev.dbmigrations.api.Reason;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What people and machines see, from one status to the next; against an API server that only takes events. */
@NullMarked
class TelemetryTest {

    private static final Instant NOW = Instant.parse("2026-11-01T12:00:00Z");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final List<JsonNode> events = new CopyOnWriteArrayList<>();
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final MigrationMetrics metrics = new MigrationMetrics(registry);
    private final DatabaseMigration resource = resource();
    private HttpServer apiServer;
    private KubernetesClient client;
    private Telemetry telemetry;
    private DatabaseMigrationStatus last = DatabaseMigrationStatus.EMPTY;
    private int answer = 201;

    TelemetryTest() throws IOException {
        apiServer = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        client = new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder()
                        .withMasterUrl(
                                "http://localhost:" + apiServer.getAddress().getPort())
                        .withRequestRetryBackoffLimit(0)
                        .build())
                .build();
        telemetry = new Telemetry(new EventLog(client, Clock.fixed(NOW, ZoneOffset.UTC), "dbmigrations-0"), metrics);
    }

    @BeforeEach
    void start() {
        apiServer.createContext("/apis/events.k8s.io/v1/namespaces/production/events", exchange -> {
            try (exchange) {
                byte[] body = exchange.getRequestBody().readAllBytes();
                if (answer == 201) {
                    events.add(JSON.readTree(body));
                }
                exchange.getResponseHeaders().set("Content-Type", "application/json");
                exchange.sendResponseHeaders(answer, body.length);
                exchange.getResponseBody().write(body);
            }
        });
        apiServer.start();
    }

    @AfterEach
    void stop() {
        client.close();
        apiServer.stop(0);
    }

    private static DatabaseMigration resource() {
        DatabaseMigration resource = new DatabaseMigration();
        resource.setMetadata(new ObjectMetaBuilder()
                .withName("shop")
                .withNamespace("production")
                .withUid("uid-1")
                .build());
        return resource;
    }

    private static DatabaseMigrationStatus status(
            Reason reason,
            String message,
            @Nullable Attempt attempt,
            @Nullable LastFailure failure,
            List<Migration> history) {
        return status(
                2,
                attempt,
                failure,
                history,
                List.of(condition("Ready", reason == Reason.AtTarget ? "True" : "False", reason, message)));
    }

    private static DatabaseMigrationStatus at(String revision, @Nullable Attempt attempt) {
        return new DatabaseMigrationStatus(
                1L,
                revision,
                List.of(revision),
                null,
                null,
                null,
                null,
                null,
                0,
                null,
                null,
                null,
                null,
                attempt,
                null,
                null,
                null,
                null,
                List.of());
    }

    @Test
    void peopleAreToldWhenTheDatabaseIsSomewhereElseAndNoJobOfOursDidIt() {
        report(at("a1", attempt(1, null)));
        report(at("b2", attempt(1, null)));
        report(at("b2", attempt(1, NOW)));
        events.clear();

        report(at("a1", attempt(2, null)));

        assertThat(events).hasSize(2);
        assertThat(events.getFirst().get("type").asText()).isEqualTo("Warning");
        assertThat(events.getFirst().get("reason").asText()).isEqualTo("Drifted");
        assertThat(events.getFirst().get("note").asText())
                .startsWith("the database was at b2 and is at a1 now, and no Job of this resource has done that");
        assertThat(events.getLast().get("reason").asText()).isEqualTo("Started");
    }

    private static DatabaseMigrationStatus models(ModelsReason reason, String message) {
        return status(
                0,
                null,
                null,
                List.of(),
                List.of(
                        condition("Ready", "True", Reason.AtTarget, "the database is at a1"),
                        condition(ModelsReason.CONDITION, reason.status(), reason, message)));
    }

    private static Condition condition(String type, String status, Enum<?> reason, String message) {
        return new ConditionBuilder()
                .withType(type)
                .withStatus(status)
                .withReason(reason.name())
                .withMessage(message)
                .build();
    }

    private static DatabaseMigrationStatus status(
            int pending,
            @Nullable Attempt attempt,
            @Nullable LastFailure failure,
            List<Migration> history,
            List<Condition> conditions) {
        return new DatabaseMigrationStatus(
                1L,
                "a1",
                List.of("a1"),
                null,
                null,
                null,
                null,
                null,
                pending,
                null,
                null,
                null,
                null,
                attempt,
                null,
                failure,
                null,
                history,
                conditions);
    }

    @Test
    void peopleAreToldWhenTheTablesAreOthersThanTheModelsSay() {
        report(models(ModelsReason.ModelsMatch, "as they say"));
        assertThat(events).isEmpty();

        report(models(ModelsReason.ModelsDiffer, "1 difference: table old is not in the models"));
        report(models(ModelsReason.ModelsDiffer, "1 difference: table old is not in the models"));
        report(models(ModelsReason.ModelsMatch, "as they say"));
        report(models(ModelsReason.CheckFailed, "no pod"));

        assertThat(events)
                .extracting(event ->
                        event.get("type").asText() + " " + event.get("reason").asText())
                .containsExactly("Warning ModelsDiffer", "Normal ModelsMatch", "Warning CheckFailed");
    }

    private void report(DatabaseMigrationStatus next) {
        telemetry.reported(resource, last, next, Optional.of(NOW));
        last = next;
    }

    private static Attempt attempt(int number, @Nullable Instant endedAt) {
        return new Attempt(number, 1, "Apply", "shop-" + number, NOW, null, null, null, null, null, null, endedAt);
    }

    private static LastFailure failure(String message) {
        return new LastFailure(
                Reason.MigrationFailed,
                message,
                "b2",
                "23502",
                null,
                "shop-1",
                NOW,
                1,
                null,
                1,
                "1",
                List.of("a1"),
                null);
    }

    private List<String> reasons() {
        return events.stream().map(event -> event.get("reason").textValue()).toList();
    }

    @Test
    void anAttemptThatStartedIsOneEventHoweverLongItRuns() {
        report(status(Reason.Applying, "Job shop-1 is bringing the database to b2", attempt(1, null), null, List.of()));
        report(status(Reason.Applying, "1 of 3 revisions executed", attempt(1, null), null, List.of()));
        report(status(Reason.WaitingForLock, "waits", attempt(1, null), null, List.of()));
        assertThat(reasons()).containsExactly("Started");
        assertThat(events.getFirst().at("/regarding/uid").textValue()).isEqualTo("uid-1");
        assertThat(events.getFirst().at("/type").textValue()).isEqualTo("Normal");
    }

    @Test
    void aMigrationIsOneEvent() {
        Migration migration =
                new Migration(List.of(), List.of("b2"), "Upgrade", "img", null, "shop-1", NOW, null, null, null, 1.5);
        report(status(Reason.AtTarget, "at b2", attempt(1, NOW), null, List.of(migration)));
        report(status(Reason.AtTarget, "at b2 still", attempt(1, NOW), null, List.of(migration)));
        assertThat(reasons()).containsExactly("Migrated");
        assertThat(events.getFirst().at("/note").textValue()).isEqualTo("Upgrade from base to b2 by Job shop-1");
    }

    @Test
    void eachStepThatIsSeenAtWorkIsOneEventAndWhoeverBlocksItAnother() {
        report(status(Reason.Applying, "Job shop-1", attempt(1, null), null, List.of()));
        report(status(Reason.Applying, "at b2", working("b2", null), null, List.of()));
        report(status(Reason.Applying, "at b2 still", working("b2", null), null, List.of()));
        report(status(Reason.Applying, "blocked", working("b2", "a lock that session 7 has"), null, List.of()));
        report(status(Reason.Applying, "blocked still", working("b2", "a lock that session 7 has"), null, List.of()));
        report(status(Reason.Applying, "at c3", working("c3", null), null, List.of()));
        assertThat(reasons()).containsExactly("Started", "Step", "Blocked", "Step");
        assertThat(events.get(1).at("/note").textValue())
                .isEqualTo("Job shop-1 executes revision b2 (1 of 3 executed)");
        assertThat(events.get(2).at("/note").textValue()).isEqualTo("revision b2 waits for a lock that session 7 has");
        assertThat(events.get(2).at("/type").textValue()).isEqualTo("Warning");
    }

    private static Attempt working(String revision, @Nullable String waitsFor) {
        return new Attempt(1, 1, "Apply", "shop-1", NOW, 1, 3, revision, waitsFor, null, null, null);
    }

    @Test
    void aStampIsAnEventOfItsOwn() {
        Migration migration =
                new Migration(List.of(), List.of("b2"), "Upgrade", "img", null, "shop-1", NOW, "a1", null, null, 1.5);
        report(status(Reason.AtTarget, "at b2", attempt(1, NOW), null, List.of(migration)));
        assertThat(reasons()).containsExactly("Baselined", "Migrated");
        assertThat(events.getFirst().at("/note").textValue())
                .isEqualTo("the database had no version table, has what the revisions up to a1 leave behind, and was"
                        + " stamped there by Job shop-1");
    }

    @Test
    void aFailureIsOneWarning() {
        report(status(Reason.MigrationFailed, "failed", attempt(1, NOW), failure("failed"), List.of()));
        report(status(Reason.MigrationFailed, "failed", attempt(1, NOW), failure("failed"), List.of()));
        assertThat(reasons()).containsExactly("MigrationFailed");
        assertThat(events.getFirst().at("/type").textValue()).isEqualTo("Warning");
    }

    @Test
    void aNoteFitsIntoWhatTheApiServerTakes() {
        report(status(Reason.MigrationFailed, "x", attempt(1, NOW), failure("ä😀".repeat(1000)), List.of()));
        String note = events.getFirst().at("/note").textValue();
        assertThat(note.getBytes(StandardCharsets.UTF_8).length).isBetween(900, 1024);
        assertThat(note).endsWith("…");
    }

    @Test
    void anEventThatCannotBeWrittenStopsNothing() {
        answer = 403;
        report(status(Reason.MigrationFailed, "failed", attempt(1, null), failure("failed"), List.of()));
        apiServer.stop(0);
        report(status(Reason.MigrationFailed, "failed again", attempt(2, null), failure("again"), List.of()));
        assertThat(registry.get("dbmigrations.failures").counter().count()).isEqualTo(2);
    }

    @Test
    void metricsSayWhatOperatorsAsk() {
        report(status(Reason.Applying, "Job shop-1", attempt(1, null), null, List.of()));
        Migration migration =
                new Migration(List.of(), List.of("b2"), "Upgrade", "img", null, "shop-1", NOW, null, null, null, 1.5);
        report(status(Reason.MigrationFailed, "failed", attempt(1, NOW), failure("failed"), List.of(migration)));
        metrics.refresh();
        assertThat(registry.scrape())
                .contains("dbmigrations_ready{name=\"shop\",namespace=\"production\",reason=\"MigrationFailed\"} 0.0")
                .contains("dbmigrations_pending_revisions{name=\"shop\",namespace=\"production\"} 2.0")
                .contains("dbmigrations_current_read_timestamp_seconds{name=\"shop\",namespace=\"production\"} 1.79")
                .contains("dbmigrations_resources 1.0")
                .contains("dbmigrations_attempts_started_total 1.0")
                .contains("dbmigrations_failures_total{reason=\"MigrationFailed\"} 1.0")
                .contains("dbmigrations_migration_duration_seconds_sum{direction=\"Upgrade\"} 1.5");
        telemetry.gone(resource);
        metrics.refresh();
        assertThat(registry.scrape()).doesNotContain("name=\"shop\"").contains("dbmigrations_resources 0.0");
    }

    @Test
    void healthIsAnsweredWhileTheOperatorStartsAndReadinessWhenItRuns() throws Exception {
        AtomicBoolean ready = new AtomicBoolean();
        try (HealthServer server = new HealthServer(0, ready::get, () -> "dbmigrations_resources 0.0\n");
                HttpClient http = HttpClient.newHttpClient()) {
            assertThat(get(http, server, "/healthz").statusCode()).isEqualTo(200);
            assertThat(get(http, server, "/readyz").statusCode()).isEqualTo(503);
            ready.set(true);
            assertThat(get(http, server, "/readyz").statusCode()).isEqualTo(200);
            HttpResponse<String> page = get(http, server, "/metrics");
            assertThat(page.body()).isEqualTo("dbmigrations_resources 0.0\n");
            assertThat(page.headers().firstValue("Content-Type"))
                    .hasValueSatisfying(type -> assertThat(type).startsWith("text/plain; version=0.0.4"));
            assertThat(get(http, server, "/nothing").statusCode()).isEqualTo(404);
        }
    }

    private static HttpResponse<String> get(HttpClient http, HealthServer server, String path) throws Exception {
        return http.send(
                HttpRequest.newBuilder(URI.create("http://localhost:" + server.port() + path))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }
}
