package dev.dbmigrations.database;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.net.SocketFactory;
import javax.net.ssl.HostnameVerifier;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.postgresql.ssl.PGjdbcHostnameVerifier;
import org.postgresql.ssl.WrappedFactory;

/**
 * One reading's way to its server. It connects within the time for that, and is cut where login or reading take longer
 * than theirs: closing the socket ends whatever waits on it.
 *
 * <p>The driver's own means do not do: its {@code loginTimeout} starts a platform thread per connection and leaves it
 * behind, its {@code socketTimeout} counts from each byte, and it looks names up by itself. It takes the sockets of
 * another factory, but only by the name of a class, so the wire is bound to the thread that connects.
 */
final class Wire implements AutoCloseable {

    private static final ScopedValue<Wire> CURRENT = ScopedValue.newInstance();
    private static final ScheduledThreadPoolExecutor CLOCK = clock();

    private final Credentials credentials;
    private final Timeouts timeouts;
    private final HostNames names;
    private @Nullable Socket socket;
    private @Nullable ScheduledFuture<?> cut;
    private volatile @Nullable String late;
    private volatile boolean secured;
    private volatile boolean otherHost;

    Wire(Credentials credentials, Timeouts timeouts, HostNames names) {
        this.credentials = credentials;
        this.timeouts = timeouts;
        this.names = names;
    }

    /** Runs what opens the driver's connection over this wire. */
    <T, X extends Throwable> T connect(ScopedValue.CallableOp<T, X> connecting) throws X {
        T connection = ScopedValue.where(CURRENT, this).call(connecting);
        cutAfter(timeouts.read(), "no reply within " + text(timeouts.read()));
        return connection;
    }

    /** {@return why this wire was cut, if it was} */
    Optional<String> late() {
        return Optional.ofNullable(late);
    }

    /** {@return whether TLS was begun} */
    boolean isSecured() {
        return secured;
    }

    /** {@return whether the server's certificate turned out to be for another host name} */
    boolean isOtherHost() {
        return otherHost;
    }

    @Override
    public synchronized void close() {
        if (cut != null) {
            cut.cancel(false);
        }
        closeSocket();
    }

    private Socket open() throws IOException {
        long end = System.nanoTime() + timeouts.connect().toNanos();
        List<InetAddress> addresses = names.lookUp(credentials.host(), timeouts.connect());
        IOException last = new IOException("no address");
        for (int next = 0; next < addresses.size(); next++) {
            // One address that swallows everything leaves time for the others.
            long share = (end - System.nanoTime()) / (addresses.size() - next);
            try {
                return connected(addresses.get(next), Duration.ofNanos(share));
            } catch (SocketTimeoutException _) {
                last = new SocketTimeoutException("no connection within " + text(timeouts.connect()));
            } catch (IOException failure) {
                last = failure;
            }
        }
        throw last;
    }

    private Socket connected(InetAddress address, Duration limit) throws IOException {
        Socket fresh = new Socket();
        try {
            fresh.connect(new InetSocketAddress(address, credentials.port()), (int) Math.max(1, limit.toMillis()));
        } catch (IOException failure) {
            fresh.close();
            throw failure;
        }
        synchronized (this) {
            closeSocket();
            socket = fresh;
        }
        cutAfter(timeouts.login(), "no login within " + text(timeouts.login()));
        return fresh;
    }

    private synchronized void cutAfter(Duration limit, String reason) {
        if (cut != null) {
            cut.cancel(false);
        }
        cut = CLOCK.schedule(
                () -> {
                    late = reason;
                    closeSocket();
                },
                limit.toNanos(),
                TimeUnit.NANOSECONDS);
    }

    private synchronized void closeSocket() {
        try {
            if (socket != null) {
                socket.close();
            }
        } catch (IOException _) {
            // It is gone either way.
        }
    }

    private static String text(Duration duration) {
        return duration.toString().substring(2).toLowerCase(Locale.ROOT).replace("s", " s");
    }

    private static ScheduledThreadPoolExecutor clock() {
        ScheduledThreadPoolExecutor clock = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("reading-clock").factory());
        clock.setRemoveOnCancelPolicy(true);
        return clock;
    }

    /** The driver's sockets, made by it by name: connected ones. */
    public static final class Sockets extends SocketFactory {

        public Sockets() {}

        @Override
        public Socket createSocket() throws IOException {
            return CURRENT.get().open();
        }

        @Override
        public Socket createSocket(String host, int port) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Socket createSocket(String host, int port, InetAddress localHost, int localPort) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Socket createSocket(InetAddress host, int port) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Socket createSocket(InetAddress host, int port, InetAddress localHost, int localPort) {
            throw new UnsupportedOperationException();
        }
    }

    /** The driver's TLS over them, made by it by name: it trusts whom the credentials trust. */
    public static final class TlsSockets extends WrappedFactory {

        public TlsSockets() throws IOException {
            Wire wire = CURRENT.get();
            wire.secured = true;
            try {
                factory = Tls.factory(wire.credentials);
            } catch (GeneralSecurityException failure) {
                throw new IOException(failure);
            }
        }
    }

    /** The driver's check of the host name, made by it by name: its own, and it says so when it fails. */
    public static final class HostNameCheck implements HostnameVerifier {

        public HostNameCheck() {}

        @Override
        public boolean verify(String host, SSLSession session) {
            boolean same = PGjdbcHostnameVerifier.INSTANCE.verify(host, session);
            CURRENT.get().otherHost = !same;
            return same;
        }
    }
}
