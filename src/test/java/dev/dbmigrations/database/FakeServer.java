package dev.dbmigrations.database;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** A server on this machine that is no PostgreSQL: it accepts, and does with each connection as it is told. */
final class FakeServer implements Closeable {

    /** What is done with one connection. */
    interface Behaviour {
        void serve(Socket client) throws IOException;
    }

    private final ServerSocket server;
    private final Queue<Socket> clients = new ConcurrentLinkedQueue<>();
    private final AtomicInteger accepted = new AtomicInteger();

    private FakeServer(ServerSocket server) {
        this.server = server;
    }

    static FakeServer that(Behaviour behaviour) throws IOException {
        FakeServer fake = new FakeServer(new ServerSocket(0, 2_000, InetAddress.getLoopbackAddress()));
        Thread.ofVirtual().start(() -> fake.acceptAll(behaviour));
        return fake;
    }

    /** Accepts, and never says a word. */
    static FakeServer thatIsSilent() throws IOException {
        return that(client -> {});
    }

    private void acceptAll(Behaviour behaviour) {
        try {
            while (true) {
                Socket client = server.accept();
                clients.add(client);
                accepted.incrementAndGet();
                Thread.ofVirtual().start(() -> {
                    try {
                        behaviour.serve(client);
                    } catch (IOException gone) {
                        // The test is over.
                    }
                });
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    int accepted() {
        return accepted.get();
    }

    Credentials credentials() {
        return new Credentials("127.0.0.1", server.getLocalPort(), "carol", "pa55word", "app", SslMode.DISABLE, null);
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket client : clients) {
            client.close();
        }
    }
}
