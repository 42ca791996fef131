package dev.dbmigrations.database;

import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Looks host names up without holding anybody else up.
 *
 * <p>The JDK's look-up is native code: it keeps the carrier of a virtual thread (of which there are at most 256) until
 * the resolver gives up, tens of seconds where a name server is silent, and nothing can end it. So each name that is
 * being looked up has a platform thread of its own, shared by all who wait for that name.
 */
final class HostNames {

    /** How one name is looked up, blocking. */
    interface Resolver {
        InetAddress[] resolve(String host) throws UnknownHostException;
    }

    private final Resolver resolver;
    private final Map<String, CompletableFuture<List<InetAddress>>> inFlight = new ConcurrentHashMap<>();

    HostNames(Resolver resolver) {
        this.resolver = resolver;
    }

    /**
     * {@return the addresses of a host, at least one}
     *
     * @throws UnknownHostException where it has none
     * @throws SocketTimeoutException where that is not known in time
     */
    List<InetAddress> lookUp(String host, Duration limit) throws IOException {
        CompletableFuture<List<InetAddress>> answer = inFlight.computeIfAbsent(host, this::start);
        try {
            return answer.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException _) {
            throw new SocketTimeoutException("its name was not looked up in time");
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted");
        } catch (ExecutionException failure) {
            UnknownHostException unknown = new UnknownHostException(host);
            unknown.initCause(failure.getCause());
            throw unknown;
        }
    }

    private CompletableFuture<List<InetAddress>> start(String host) {
        CompletableFuture<List<InetAddress>> answer = new CompletableFuture<>();
        Thread.ofPlatform().daemon().name("look-up").start(() -> {
            try {
                List<InetAddress> addresses = List.of(resolver.resolve(host));
                inFlight.remove(host, answer);
                answer.complete(addresses);
            } catch (Throwable failure) {
                inFlight.remove(host, answer);
                answer.completeExceptionally(failure);
            }
        });
        return answer;
    }
}
