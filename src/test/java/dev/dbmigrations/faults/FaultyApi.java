package dev.dbmigrations.faults;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Stands between one operator and the API server, writes down every request, and does to each what the plan says. A
 * killed operator's gets nothing more through: its connections end in the middle of a word, as a dead process's do.
 */
final class FaultyApi implements AutoCloseable {

    static {
        // Otherwise each answer waits for the acknowledgement of its own headers.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    private final Upstream upstream;
    private final Fault.Plan plan;
    private final Map<String, byte[]> firstLists;
    private final Runnable killed;
    private final HttpServer server;
    private final List<Call> calls = new CopyOnWriteArrayList<>();
    private final AtomicBoolean dead = new AtomicBoolean();
    private final Set<Closeable> streams = ConcurrentHashMap.newKeySet();

    /**
     * @param firstLists what each list was answered with first; kept here for the next operator of the same case
     * @param killed run once, on a thread of its own, when the plan has killed the operator
     */
    FaultyApi(Upstream upstream, Fault.Plan plan, Map<String, byte[]> firstLists, Runnable killed) {
        this.upstream = upstream;
        this.plan = plan;
        this.firstLists = firstLists;
        this.killed = killed;
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::handle);
        server.start();
    }

    /** {@return what a client needs to come here} Its watches are plain GETs: this is no server for WebSockets. */
    Config config() {
        Config config = new ConfigBuilder(Config.empty())
                .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort())
                .withHttp2Disable(true)
                .build();
        config.setOnlyHttpWatches(true);
        return config;
    }

    /** {@return what has arrived so far, oldest first} */
    List<Call> calls() {
        return List.copyOf(calls);
    }

    /** Lets nothing through any more. */
    void die() {
        dead.set(true);
        for (Closeable stream : streams) {
            try {
                stream.close();
            } catch (IOException e) {
                // The other end was quicker.
            }
        }
    }

    @Override
    public void close() {
        die();
        server.stop(0);
    }

    /** An exchange that is closed before it is answered closes its connection. */
    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            Call call = Call.of(exchange.getRequestMethod(), exchange.getRequestURI(), Instant.now());
            if (!dead.get()) {
                carryOut(decide(call), call, exchange, body);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized Fault decide(Call call) {
        calls.add(call);
        return plan.apply(call);
    }

    private void carryOut(Fault fault, Call call, HttpExchange exchange, byte[] body)
            throws IOException, InterruptedException {
        switch (fault) {
            case Fault.None none -> tell(exchange, call, ask(exchange, body), fault);
            case Fault.KilledBefore before -> kill();
            case Fault.KilledBeforeTheAnswer between -> {
                drop(ask(exchange, body));
                kill();
            }
            case Fault.KilledAfterTheAnswer after -> {
                HttpResponse<InputStream> answer = ask(exchange, body);
                dead.set(true);
                tell(exchange, call, answer, fault);
                kill();
            }
            case Fault.AnswerLost lost -> drop(ask(exchange, body));
            case Fault.Refused refused -> refuse(exchange, refused);
            case Fault.Slow(var by) -> {
                Thread.sleep(by);
                tell(exchange, call, ask(exchange, body), fault);
            }
            case Fault.Lagging lagging -> tell(exchange, call, ask(exchange, body), fault);
            case Fault.Frozen frozen -> tell(exchange, call, ask(exchange, body), fault);
            case Fault.Closed closed -> tell(exchange, call, ask(exchange, body), fault);
            case Fault.Stale stale -> {
                byte[] first = firstLists.get(key(call));
                if (first == null) {
                    tell(exchange, call, ask(exchange, body), fault);
                } else {
                    exchange.getResponseHeaders().add("Content-Type", "application/json");
                    answer(exchange, 200, first);
                }
            }
        }
    }

    private HttpResponse<InputStream> ask(HttpExchange exchange, byte[] body) throws IOException, InterruptedException {
        return upstream.send(exchange.getRequestMethod(), exchange.getRequestURI(), exchange.getRequestHeaders(), body);
    }

    private void tell(HttpExchange exchange, Call call, HttpResponse<InputStream> answer, Fault fault)
            throws IOException, InterruptedException {
        answer.headers().map().forEach((name, values) -> {
            if (Upstream.isPassedOn(name)) {
                exchange.getResponseHeaders().put(name, values);
            }
        });
        try (InputStream body = answer.body()) {
            if (call.isWatch() && answer.statusCode() == 200) {
                streams.add(body);
                exchange.sendResponseHeaders(answer.statusCode(), 0);
                new WatchRelay(body, exchange.getResponseBody(), fault, dead::get).run();
                streams.remove(body);
            } else {
                byte[] whole = body.readAllBytes();
                if (call.isList() && answer.statusCode() == 200) {
                    firstLists.putIfAbsent(key(call), whole);
                }
                answer(exchange, answer.statusCode(), whole);
            }
        }
    }

    private static void answer(HttpExchange exchange, int code, byte[] body) throws IOException {
        exchange.sendResponseHeaders(code, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
    }

    private static void refuse(HttpExchange exchange, Fault.Refused refused) throws IOException {
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        if (refused.retryAfter() > 0) {
            exchange.getResponseHeaders().add("Retry-After", String.valueOf(refused.retryAfter()));
        }
        String status = Serialization.asJson(new StatusBuilder()
                .withStatus("Failure")
                .withCode(refused.code())
                .withReason(refused.reason())
                .withMessage("the tests' proxy says " + refused.reason())
                .build());
        answer(exchange, refused.code(), status.getBytes(StandardCharsets.UTF_8));
    }

    private static void drop(HttpResponse<InputStream> answer) throws IOException {
        try (InputStream body = answer.body()) {
            // Read to its end: the server has done all of its work then.
            body.readAllBytes();
        }
    }

    private void kill() {
        die();
        Thread.ofVirtual().name("kill").start(killed);
    }

    private static String key(Call call) {
        return call.path() + "?" + call.query().replaceAll("&?resourceVersion=\\d*", "");
    }
}
