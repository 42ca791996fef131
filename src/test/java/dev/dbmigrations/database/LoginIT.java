package dev.dbmigrations.database;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.database.Reading.Refused;
import dev.dbmigrations.database.Reading.Unreachable;
import java.time.Clock;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;

/** Getting in, or not: users, passwords, databases and TLS of a real server. */
class LoginIT {

    private static Postgres postgres;

    @BeforeAll
    static void start() throws Exception {
        postgres = Postgres.running();
        postgres.sql("postgres", "CREATE ROLE carol LOGIN PASSWORD 's3cret'", "CREATE ROLE group_of_carols");
    }

    @Test
    void aWrongPasswordIsRefusedWithoutNamingIt() {
        Reading seen = postgres.read(postgres.credentials("postgres", "carol", "wr0ng"));

        assertThat(seen)
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused -> assertThat(refused.message())
                                .isEqualTo("db.test:" + postgres.port()
                                        + "/postgres refuses the user or the password of the Secret"));
    }

    @Test
    void anEmptyPasswordIsRefused() {
        assertThat(postgres.read(postgres.credentials("postgres", "carol", "")))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.message()).contains("asks for a password"));
    }

    @Test
    void anUnknownUserIsRefused() {
        assertThat(postgres.read(postgres.credentials("postgres", "mallory", "s3cret")))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.message()).doesNotContain("mallory", "s3cret"));
    }

    @Test
    void aRoleThatMayNotLogInIsRefused() throws Exception {
        postgres.sql("postgres", "ALTER ROLE group_of_carols PASSWORD 's3cret'");

        assertThat(postgres.read(postgres.credentials("postgres", "group_of_carols", "s3cret")))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused -> assertThat(refused.message())
                                .contains("may not log in")
                                .doesNotContain("group_of_carols"));
    }

    @Test
    void saysWhichGrantLetsTheUserConnect() throws Exception {
        String database = postgres.newDatabase();
        postgres.sql("postgres", "REVOKE CONNECT ON DATABASE " + database + " FROM PUBLIC");

        assertThat(postgres.read(postgres.credentials(database, "carol", "s3cret")))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused -> assertThat(refused.message())
                                .endsWith("GRANT CONNECT ON DATABASE \"" + database + "\" TO it"));
    }

    @Test
    void aMissingDatabaseIsUnreachable() {
        assertThat(postgres.read("missing"))
                .isInstanceOfSatisfying(
                        Unreachable.class,
                        unreachable -> assertThat(unreachable.message())
                                .endsWith("/missing does not exist: the server has no database of that name"));
    }

    @Test
    void aDatabaseNameIsNeverTakenForParameters() throws Exception {
        String name = "A \"b\" 100%/x?loggerFile=/tmp/x&options=-c%20role%3Dcarol";
        postgres.sql("postgres", "CREATE DATABASE " + TableName.quote(name));

        assertThat(postgres.read(name))
                .isInstanceOfSatisfying(
                        AtRevisions.class,
                        seen -> assertThat(seen.database().name()).isEqualTo(name));
    }

    @ParameterizedTest
    @ValueSource(strings = {"p%40 %@:/?#&=+'\"\\{}$;", "Ünïcødé日本🔑", " blanks "})
    void aHardPasswordWorks(String password) throws Exception {
        postgres.sql(
                "postgres",
                "DROP ROLE IF EXISTS \"o'Brien \"\"x\"\"@corp\"",
                "CREATE ROLE \"o'Brien \"\"x\"\"@corp\" LOGIN PASSWORD '" + password.replace("'", "''") + "'");

        assertThat(postgres.read(postgres.credentials("postgres", "o'Brien \"x\"@corp", password)))
                .isInstanceOf(AtRevisions.class);
    }

    @Test
    void aFullServerIsUnreachable() throws Exception {
        String database = postgres.newDatabase();
        postgres.sql("postgres", "ALTER DATABASE " + database + " CONNECTION LIMIT 0");

        assertThat(postgres.read(postgres.credentials(database, "carol", "s3cret")))
                .isInstanceOfSatisfying(
                        Unreachable.class,
                        unreachable -> assertThat(unreachable.message()).contains("has no connection left"));
    }

    @Test
    void aServerThatStartsIsUnreachable() {
        // It restores from an archive that does not answer yet.
        String start = "install -d -o postgres -m 0700 /data; export PATH=$PATH:/usr/lib/postgresql/17/bin;"
                + " su -p postgres -c 'initdb -D /data; touch /data/recovery.signal; exec postgres -D /data"
                + " -c listen_addresses=* -c restore_command=\"sleep 3600\"'";
        try (GenericContainer<?> container = new GenericContainer<>("postgres:17")
                .withCommand("sh", "-c", start)
                .withExposedPorts(5432)
                .waitingFor(Wait.forLogMessage(".*database system was shut down.*", 1))) {
            container.start();
            Credentials starting = new Credentials(
                    container.getHost(), container.getMappedPort(5432), "carol", "", "app", SslMode.DISABLE, null);
            RevisionReader reader = new RevisionReader(Timeouts.DEFAULT, Clock.systemUTC());

            assertThat(reader.read(new Question(starting, Optional.empty(), Optional.empty(), Optional.empty())))
                    .isInstanceOfSatisfying(
                            Unreachable.class,
                            unreachable -> assertThat(unreachable.message())
                                    .contains("it is starting, stopping or recovering"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyModeReachesAServerWithTls(SslMode mode) {
        String authority = postgres.certificates().authorityPem();

        assertThat(postgres.read(postgres.credentials("db.test", mode, authority)))
                .isInstanceOf(AtRevisions.class);
    }

    @Test
    void requireAsksForNoCertificate() {
        assertThat(postgres.read(postgres.credentials("other.test", SslMode.REQUIRE, null)))
                .isInstanceOf(AtRevisions.class);
    }

    @Test
    void verifyCaAcceptsAnotherHostName() {
        String authority = postgres.certificates().authorityPem();

        assertThat(postgres.read(postgres.credentials("other.test", SslMode.VERIFY_CA, authority)))
                .isInstanceOf(AtRevisions.class);
    }

    @Test
    void verifyFullRefusesAnotherHostName() {
        String authority = postgres.certificates().authorityPem();

        assertThat(unreachable(postgres.credentials("other.test", SslMode.VERIFY_FULL, authority)))
                .endsWith("does not pass TLS with sslmode verify-full: its certificate is for another host name");
    }

    @ParameterizedTest
    @EnumSource(names = {"REQUIRE", "VERIFY_CA", "VERIFY_FULL"})
    void anotherAuthorityIsNotTrusted(SslMode mode) {
        String other = postgres.certificates().otherAuthorityPem();

        assertThat(unreachable(postgres.credentials("db.test", mode, other)))
                .contains("does not pass TLS with sslmode " + mode.text());
    }

    @ParameterizedTest
    @EnumSource(names = {"VERIFY_CA", "VERIFY_FULL"})
    void withoutACertificateTheAuthoritiesOfTheSystemCount(SslMode mode) {
        assertThat(unreachable(postgres.credentials("db.test", mode, null)))
                .contains("does not pass TLS with sslmode " + mode.text());
    }

    @Test
    void aBundleOfAuthoritiesMayHaveComments() {
        String bundle = "# theirs\n" + postgres.certificates().otherAuthorityPem() + "\n# ours\n"
                + postgres.certificates().authorityPem();

        assertThat(postgres.read(postgres.credentials("db.test", SslMode.VERIFY_FULL, bundle)))
                .isInstanceOf(AtRevisions.class);
    }

    @Test
    void aCertificateThatIsNoneIsSaidAndNotShown() {
        String broken = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUfake\n-----END CERTIFICATE-----\n";

        assertThat(unreachable(postgres.credentials("db.test", SslMode.VERIFY_CA, broken)))
                .endsWith("sslrootcert holds no certificate that can be read");
    }

    private static String unreachable(Credentials credentials) {
        Reading reading = postgres.read(credentials);
        assertThat(reading).isInstanceOf(Unreachable.class);
        return ((Unreachable) reading).message();
    }
}
