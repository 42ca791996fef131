package dev.dbmigrations.database;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.database.Reading.Refused;
import dev.dbmigrations.database.Reading.Unreachable;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** Readings of servers that are none, or none yet. */
class RevisionReaderTest {

    private static final Timeouts SHORT =
            new Timeouts(Duration.ofMillis(300), Duration.ofMillis(300), Duration.ofMillis(300));

    @Test
    void aClosedPortIsUnreachable() throws IOException {
        int port;
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = server.getLocalPort();
        }
        Credentials credentials = new Credentials("127.0.0.1", port, "carol", "pa55word", "app", SslMode.PREFER, null);

        assertThat(unreachable(read(credentials)))
                .isEqualTo("127.0.0.1:" + port + "/app does not answer: connection refused");
    }

    @Test
    void aServerThatAcceptsAndNeverAnswersIsUnreachableInTime() throws IOException {
        try (FakeServer server = FakeServer.thatIsSilent()) {
            assertThat(unreachable(read(server.credentials()))).endsWith("does not answer: no login within 0.3 s");
        }
    }

    @Test
    void aServerThatDripsIsUnreachableInTime() throws IOException {
        // A byte now and then would keep a time-out per read from ever coming.
        FakeServer.Behaviour drips = client -> {
            OutputStream out = client.getOutputStream();
            out.write(new byte[] {'E', 0, 0, 30, 0});
            while (true) {
                out.write('S');
                out.flush();
                pause();
            }
        };
        try (FakeServer server = FakeServer.that(drips)) {
            assertThat(unreachable(read(server.credentials()))).endsWith("does not answer: no login within 0.3 s");
        }
    }

    @Test
    void aServerThatHangsUpIsUnreachable() throws IOException {
        try (FakeServer server = FakeServer.that(client -> {
            client.getInputStream().read();
            client.shutdownOutput();
        })) {
            assertThat(unreachable(read(server.credentials()))).contains("it closed the connection");
        }
    }

    @Test
    void aServerThatIsNoPostgresIsUnreachable() throws IOException {
        try (FakeServer server = FakeServer.that(client -> {
            client.getInputStream().read();
            client.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        })) {
            assertThat(unreachable(read(server.credentials()))).contains("cannot be used");
        }
    }

    @Test
    void aServerWithoutTlsIsUnreachableWhereTlsIsRequired() throws IOException {
        try (FakeServer server = FakeServer.that(client -> {
            client.getInputStream().readNBytes(8);
            client.getOutputStream().write('N');
        })) {
            Credentials plain = server.credentials();
            Credentials credentials = new Credentials(
                    plain.host(),
                    plain.port(),
                    plain.user(),
                    plain.password(),
                    plain.database(),
                    SslMode.VERIFY_CA,
                    null);

            assertThat(unreachable(read(credentials))).endsWith("/app does not offer TLS, and sslmode is verify-ca");
        }
    }

    @Test
    void aNameThatDoesNotExistIsUnreachable() {
        Credentials credentials = new Credentials("db.invalid", 5432, "carol", "pa55word", "app", SslMode.PREFER, null);

        assertThat(unreachable(read(credentials)))
                .isEqualTo("db.invalid:5432/app does not answer: its name cannot be resolved");
    }

    @Test
    void aNameServerThatHangsHoldsNobodyElseUp() throws IOException {
        CountDownLatch never = new CountDownLatch(1);
        HostNames.Resolver resolver = host -> {
            if (host.startsWith("hangs")) {
                await(never);
            }
            return new InetAddress[] {InetAddress.getLoopbackAddress()};
        };
        RevisionReader reader = new RevisionReader(SHORT, Clock.systemUTC(), resolver);
        try (FakeServer server =
                FakeServer.that(client -> client.getOutputStream().write(error("57P03", "starting")))) {
            int port = server.credentials().port();
            for (int i = 0; i < 3; i++) {
                assertThat(unreachable(reader.read(question(host("hangs-" + i, port)))))
                        .endsWith("its name was not looked up in time");
            }
            assertThat(unreachable(reader.read(question(host("good", port))))).contains("it is starting");
        } finally {
            never.countDown();
        }
    }

    @Test
    void anAddressThatRefusesLeavesTheNextOne() throws IOException {
        try (FakeServer server =
                FakeServer.that(client -> client.getOutputStream().write(error("57P03", "starting")))) {
            InetAddress nobody = InetAddress.ofLiteral("127.0.0.254");
            HostNames.Resolver resolver = _ -> new InetAddress[] {nobody, InetAddress.getLoopbackAddress()};
            RevisionReader reader = new RevisionReader(SHORT, Clock.systemUTC(), resolver);

            assertThat(unreachable(reader.read(
                            question(host("two", server.credentials().port())))))
                    .contains("it is starting");
        }
    }

    @Test
    void whatTheServerSaysIsWithheldWhereItRepeatsCredentials() throws IOException {
        for (String secret : new String[] {"carol", "pa55word"}) {
            try (FakeServer server = FakeServer.that(
                    client -> client.getOutputStream().write(error("XX000", "no tenant for " + secret)))) {
                assertThat(unreachable(read(server.credentials())))
                        .contains("withheld", "XX000")
                        .doesNotContain(secret);
            }
        }
    }

    @Test
    void whatTheServerSaysIsShortened() throws IOException {
        try (FakeServer server = FakeServer.that(client ->
                client.getOutputStream().write(error("XX000", "endpoint\nis " + "z".repeat(10_000))))) {
            assertThat(unreachable(read(server.credentials())))
                    .contains("endpoint is zzz")
                    .hasSizeLessThan(700);
        }
    }

    @Test
    void anErrorOfClass28IsRefused() throws IOException {
        try (FakeServer server =
                FakeServer.that(client -> client.getOutputStream().write(error("28ABC", "not you")))) {
            assertThat(read(server.credentials()))
                    .isInstanceOfSatisfying(
                            Refused.class,
                            refused -> assertThat(refused.message()).contains("not you (SQLSTATE 28ABC)"));
        }
    }

    @Test
    void aBugIsAReading() {
        RevisionReader reader = new RevisionReader(SHORT, Clock.systemUTC(), _ -> new InetAddress[0]);

        assertThat(unreachable(reader.read(question(host("no-address", 1))))).contains("no address");
    }

    @Test
    void theDriverIsToldNothingElse() throws InvalidCredentials {
        String hostile = "postgresql://carol:pa55word@db.example.com/app?sslmode=require&socketFactory=evil.F"
                + "&socketFactoryArg=x&sslfactory=evil.F&sslfactoryarg=x&sslhostnameverifier=evil.V"
                + "&sslpasswordcallback=evil.C&authenticationPluginClassName=evil.P&loggerFile=/tmp/x"
                + "&loggerLevel=TRACE&options=-c%20role%3Dpostgres&service=evil&connectExecutor=evil.E"
                + "&xmlFactoryFactory=evil.X&localSocketAddress=10.0.0.1&currentSchema=evil&sslcert=/etc/passwd";
        Credentials credentials = Credentials.parse(Map.of("uri", hostile), null);

        Properties told = RevisionReader.properties(credentials);

        assertThat(told.stringPropertyNames())
                .containsExactlyInAnyOrder(
                        "PGHOST",
                        "PGPORT",
                        "PGDBNAME",
                        "user",
                        "password",
                        "sslmode",
                        "sslfactory",
                        "sslhostnameverifier",
                        "socketFactory",
                        "loginTimeout",
                        "connectTimeout",
                        "socketTimeout",
                        "ApplicationName",
                        "assumeMinServerVersion",
                        "gssEncMode",
                        "jaasLogin",
                        "maxResultBuffer",
                        "logServerErrorDetail");
        assertThat(told.values()).noneMatch(value -> value.toString().contains("evil"));
        assertThat(told)
                .containsEntry("PGHOST", "db.example.com")
                .containsEntry("PGDBNAME", "app")
                .containsEntry("socketFactory", Wire.Sockets.class.getName());
    }

    private static Reading read(Credentials credentials) {
        return new RevisionReader(SHORT, Clock.systemUTC()).read(question(credentials));
    }

    private static Question question(Credentials credentials) {
        return new Question(credentials, Optional.empty(), Optional.empty(), Optional.empty());
    }

    private static Credentials host(String host, int port) {
        return new Credentials(host, port, "carol", "pa55word", "app", SslMode.DISABLE, null);
    }

    private static String unreachable(Reading reading) {
        assertThat(reading).isInstanceOf(Unreachable.class);
        String message = ((Unreachable) reading).message();
        assertThat(message).doesNotContain("carol", "pa55word");
        return message;
    }

    /** PostgreSQL's message of an error. */
    private static byte[] error(String sqlState, String text) {
        byte[] fields = ("SFATAL\0C" + sqlState + "\0M" + text + "\0\0").getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(5 + fields.length)
                .put((byte) 'E')
                .putInt(4 + fields.length)
                .put(fields)
                .array();
    }

    private static void await(CountDownLatch latch) throws UnknownHostException {
        try {
            latch.await();
        } catch (InterruptedException interrupted) {
            throw new UnknownHostException("interrupted");
        }
    }

    private static void pause() throws IOException {
        try {
            Thread.sleep(20);
        } catch (InterruptedException interrupted) {
            throw new IOException(interrupted);
        }
    }
}
