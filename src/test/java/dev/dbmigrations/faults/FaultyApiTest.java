package dev.dbmigrations.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each fault does what its name says, and nothing else, to a server that only counts. */
class FaultyApiTest {

    private static final String JOBS = "/apis/batch/v1/namespaces/shop/jobs";
    private static final String WATCH = JOBS + "?watch=true";

    private final HttpClient client = HttpClient.newHttpClient();
    private final List<String> arrived = new CopyOnWriteArrayList<>();
    private final AtomicInteger version = new AtomicInteger();
    private final AtomicBoolean killed = new AtomicBoolean();
    private final Map<String, byte[]> firstLists = new ConcurrentHashMap<>();
    private HttpServer server;
    private Fault fault = new Fault.None();
    private FaultyApi api;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::serve);
        server.start();
        Config config = new ConfigBuilder(Config.empty())
                .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort())
                .build();
        api = new FaultyApi(new Upstream(config), call -> fault, firstLists, () -> killed.set(true));
    }

    @AfterEach
    void stop() {
        api.close();
        server.stop(0);
    }

    /** Answers with a number that grows; a watch tells two events and stays open for a while. */
    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            arrived.add(exchange.getRequestMethod()
                    + new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            boolean watch = String.valueOf(exchange.getRequestURI().getQuery()).contains("watch");
            byte[] body = (watch ? "\"first …\"\n\"second\"\n" : String.valueOf(version.incrementAndGet()))
                    .getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, watch ? 0 : body.length);
            exchange.getResponseBody().write(body);
        }
    }

    @Test
    void letsEverythingThroughAndWritesItDown() throws Exception {
        assertThat(post().body()).isEqualTo("1");
        assertThat(get(WATCH).body()).isEqualTo("\"first \\u2026\"\n\"second\"\n");
        assertThat(arrived).containsExactly("POSTthe job", "GET");
        assertThat(api.calls()).extracting(Call::what).containsExactly("POST jobs", "GET jobs");
        assertThat(api.calls()).extracting(Call::isWrite).containsExactly(true, false);
        assertThat(api.calls()).extracting(Call::namespace).containsOnly("shop");
    }

    @Test
    void killsBeforeTheRequestLeaves() {
        fault = new Fault.KilledBefore();
        assertThatThrownBy(this::post).isInstanceOf(IOException.class);
        assertThat(arrived).isEmpty();
        assertThatItIsDead();
    }

    @Test
    void killsBetweenTheCommitAndTheAnswer() {
        fault = new Fault.KilledBeforeTheAnswer();
        assertThatThrownBy(this::post).isInstanceOf(IOException.class);
        assertThat(arrived).containsExactly("POSTthe job");
        assertThatItIsDead();
    }

    @Test
    void killsAfterTheAnswer() throws Exception {
        fault = new Fault.KilledAfterTheAnswer();
        assertThat(post().body()).isEqualTo("1");
        assertThatItIsDead();
    }

    @Test
    void losesAnAnswerOnly() throws Exception {
        fault = new Fault.AnswerLost();
        assertThatThrownBy(() -> get(JOBS)).isInstanceOf(IOException.class);
        assertThat(arrived).isNotEmpty();
        fault = new Fault.None();
        assertThat(post().statusCode()).isEqualTo(200);
        assertThat(killed).isFalse();
    }

    @Test
    void refusesInTheServersPlace() throws Exception {
        fault = new Fault.Refused(429, "TooManyRequests", 3);
        HttpResponse<String> answer = post();
        assertThat(answer.statusCode()).isEqualTo(429);
        assertThat(answer.headers().firstValue("Retry-After")).contains("3");
        assertThat(answer.body()).contains("\"reason\":\"TooManyRequests\"", "\"kind\":\"Status\"");
        assertThat(arrived).isEmpty();
    }

    @Test
    void answersWithTheListOfTheFirstTime() throws Exception {
        assertThat(get(JOBS + "?resourceVersion=0").body()).isEqualTo("1");
        assertThat(get(JOBS + "?resourceVersion=0").body()).isEqualTo("2");
        fault = new Fault.Stale();
        assertThat(get(JOBS + "?resourceVersion=0").body()).isEqualTo("1");
    }

    @Test
    void tellsWhatAWatchTellsLate() throws Exception {
        fault = new Fault.Lagging(Duration.ofMillis(300));
        long start = System.nanoTime();
        assertThat(get(WATCH).body()).contains("second");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(300));
    }

    @Test
    void freezesAWatchUntilItThaws() throws Exception {
        AtomicBoolean frozen = new AtomicBoolean(true);
        fault = new Fault.Frozen(frozen::get);
        var answer = client.sendAsync(request(WATCH).build(), BodyHandlers.ofString());
        await().during(Duration.ofMillis(200)).until(() -> !answer.isDone());
        frozen.set(false);
        assertThat(answer.get().body()).contains("second");
    }

    @Test
    void endsAWatchWithTheWordThatItsVersionsAreGone() throws Exception {
        fault = new Fault.Closed(Duration.ZERO, true);
        assertThat(get(WATCH).body()).contains("\"code\":410").doesNotContain("second");
    }

    private void assertThatItIsDead() {
        fault = new Fault.None();
        assertThatThrownBy(() -> get(JOBS)).isInstanceOf(IOException.class);
        await().untilTrue(killed);
    }

    private HttpResponse<String> post() throws IOException, InterruptedException {
        return client.send(
                request(JOBS).POST(BodyPublishers.ofString("the job")).build(), BodyHandlers.ofString());
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(request(path).build(), BodyHandlers.ofString());
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(api.config().getMasterUrl().replaceAll("/$", "") + path));
    }
}
