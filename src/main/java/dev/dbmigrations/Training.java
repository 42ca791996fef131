package dev.dbmigrations;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.dbmigrations.Leadership.LeaseName;
import dev.dbmigrations.Main.Configuration;
import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.database.Credentials;
import dev.dbmigrations.database.InvalidCredentials;
import dev.dbmigrations.database.Question;
import dev.dbmigrations.database.RevisionReader;
import dev.dbmigrations.database.Timeouts;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * A short life of the operator without a cluster, so that the image's ahead-of-time cache knows the classes that a start
 * needs: one resource whose Secret is missing, and one look at a database that is not there.
 */
final class Training {

    private static final String RESOURCE = """
            {"apiVersion":"dbmigrations.dev/v1alpha1","kind":"DatabaseMigration",
             "metadata":{"name":"training","namespace":"default","uid":"0","generation":1,"resourceVersion":"1"},
             "spec":{"targetRevision":"head","image":"training","credentialsSecretRef":{"name":"training"}}}""";

    private final CountDownLatch statusWritten = new CountDownLatch(1);

    private Training() {}

    static void run(Configuration configuration) throws IOException, InterruptedException, InvalidCredentials {
        new Training().live(configuration);
    }

    private void live(Configuration configuration) throws IOException, InterruptedException, InvalidCredentials {
        HttpServer api = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        try (ExecutorService requests = Executors.newVirtualThreadPerTaskExecutor()) {
            api.createContext("/", this::answer);
            api.setExecutor(requests);
            api.start();
            KubernetesClient client = new KubernetesClientBuilder()
                    .withConfig(new ConfigBuilder()
                            .withMasterUrl(
                                    "http://127.0.0.1:" + api.getAddress().getPort())
                            .withAutoConfigure(false)
                            .build())
                    .build();
            Configuration anyPort = new Configuration(
                    configuration.namespaces(),
                    0,
                    configuration.jobUser(),
                    configuration.policy(),
                    Optional.of(new LeaseName("default", "training")));
            try (RunningOperator _ = RunningOperator.start(anyPort, client)) {
                lookAtNoDatabase();
                if (!statusWritten.await(30, TimeUnit.SECONDS)) {
                    throw new IllegalStateException("the training resource got no status within 30 s");
                }
            }
            requests.shutdownNow();
        } finally {
            api.stop(0);
        }
    }

    private static void lookAtNoDatabase() throws InvalidCredentials {
        Map<String, String> secret = Map.of("uri", "postgresql://training:training@training.invalid:5432/training");
        new RevisionReader(Timeouts.DEFAULT, Clock.systemUTC())
                .read(new Question(
                        Credentials.parse(secret, null), Optional.empty(), Optional.empty(), Optional.empty()));
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String query = Optional.ofNullable(exchange.getRequestURI().getQuery()).orElse("");
        if ("websocket".equals(exchange.getRequestHeaders().getFirst("Upgrade"))) {
            // The client then watches over plain HTTP, which this server speaks.
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
            return;
        }
        if (query.contains("watch=true")) {
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().flush();
            return;
        }
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        boolean reads = exchange.getRequestMethod().equals("GET");
        if (path.endsWith("/secrets/training") || (path.endsWith("/leases/training") && reads)) {
            send(exchange, 404, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"code\":404}");
        } else if (path.endsWith("/status")) {
            send(exchange, 200, body);
            statusWritten.countDown();
        } else if (path.endsWith("/databasemigrations")) {
            send(exchange, 200, list(DatabaseMigration.KIND + "List", List.of(RESOURCE)));
        } else if (path.endsWith("/training")) {
            send(exchange, 200, RESOURCE);
        } else if (exchange.getRequestMethod().equals("POST")) {
            send(exchange, 201, body);
        } else {
            send(exchange, 200, list("List", List.of()));
        }
    }

    private static String list(String kind, List<String> items) {
        return "{\"kind\":\"" + kind + "\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"1\"},\"items\":["
                + String.join(",", items) + "]}";
    }

    private static void send(HttpExchange exchange, int status, String json) throws IOException {
        try (exchange) {
            byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }
}
