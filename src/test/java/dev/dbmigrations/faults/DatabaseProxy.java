package dev.dbmigrations.faults;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Between the operator, its pods and a database without TLS: passes everything on, and resets a run's connection in the
 * moment that the test names, once.
 */
final class DatabaseProxy implements AutoCloseable {

    /** When a connection of a run is reset. */
    enum Moment {
        NEVER,
        /** When it introduces itself. */
        AT_ITS_START,
        /** The server does not see the COMMIT of the revisions. */
        BEFORE_COMMIT,
        /** The server has committed, and the run does not hear of it. */
        BEFORE_THE_ANSWER
    }

    private static final String OPERATOR = "dbmigrations/operator";
    private static final String COMMIT = "Q\0\0\0\013COMMIT\0";

    private final ServerSocket listener;
    private final String address;
    private final Set<Link> links = ConcurrentHashMap.newKeySet();
    private final AtomicReference<Moment> next = new AtomicReference<>(Moment.NEVER);
    private volatile LedgerServer server;

    DatabaseProxy(LedgerServer server) {
        this.server = server;
        this.address = server.addressOfThisJvm();
        try {
            listener = new ServerSocket(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().name("database proxy").start(this::listen);
    }

    /** {@return where it is, for pods and this JVM} */
    String address() {
        return address;
    }

    int port() {
        return listener.getLocalPort();
    }

    /** Resets the next connection of a run that comes to this moment. */
    void cut(Moment moment) {
        next.set(moment);
    }

    /** {@return whether what was asked for was done} */
    boolean hasCut() {
        return next.get() == Moment.NEVER;
    }

    /** Leads to another server from now on, and ends what leads to the old one. */
    void leadTo(LedgerServer other) {
        server = other;
        links.forEach(Link::reset);
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        links.forEach(Link::reset);
    }

    private void listen() {
        try {
            while (true) {
                Socket client = listener.accept();
                Thread.ofVirtual().start(() -> serve(client));
            }
        } catch (IOException e) {
            // It was closed.
        }
    }

    private void serve(Socket client) {
        try {
            Link link = new Link(client, new Socket(server.address(), LedgerServer.PORT));
            links.add(link);
            Thread.ofVirtual().start(() -> link.pump(link.server, link.client, text -> !link.deaf));
            link.pump(link.client, link.server, link::passes);
            links.remove(link);
        } catch (IOException e) {
            // As if nobody listened.
            Link.reset(client);
        }
    }

    /** One connection, both ways. */
    private final class Link {

        private interface Filter {
            boolean passes(String text);
        }

        private final Socket client;
        private final Socket server;
        private boolean introduced;
        private boolean ofARun;
        private boolean wroteRevision;
        private volatile boolean deaf;

        Link(Socket client, Socket server) {
            this.client = client;
            this.server = server;
        }

        void pump(Socket from, Socket to, Filter filter) {
            byte[] buffer = new byte[65_536];
            try {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                for (int read = in.read(buffer); read > 0; read = in.read(buffer)) {
                    if (!filter.passes(new String(buffer, 0, read, ISO_8859_1))) {
                        reset();
                        return;
                    }
                    out.write(buffer, 0, read);
                }
                // It ends for both.
                client.close();
                server.close();
            } catch (IOException e) {
                reset();
            }
        }

        private boolean passes(String said) {
            if (!introduced && said.contains("user\0")) {
                introduced = true;
                ofARun = !said.contains(OPERATOR);
                return !(ofARun && isNow(Moment.AT_ITS_START));
            }
            wroteRevision |= said.contains("INTO alembic_version") || said.contains("UPDATE alembic_version");
            if (wroteRevision && said.equals(COMMIT)) {
                if (isNow(Moment.BEFORE_COMMIT)) {
                    return false;
                }
                deaf = isNow(Moment.BEFORE_THE_ANSWER);
            }
            return true;
        }

        private boolean isNow(Moment moment) {
            return next.compareAndSet(moment, Moment.NEVER);
        }

        void reset() {
            reset(client);
            reset(server);
        }

        static void reset(Socket socket) {
            try {
                socket.setSoLinger(true, 0);
                socket.close();
            } catch (IOException e) {
                // It is closed.
            }
        }
    }
}
