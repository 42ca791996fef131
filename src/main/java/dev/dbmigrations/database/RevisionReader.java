package dev.dbmigrations.database;

import java.net.InetAddress;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.Objects;
import java.util.Properties;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks a database where it is. Opens one short connection per reading and changes nothing. */
public final class RevisionReader {

    private static final Logger LOG = LoggerFactory.getLogger(RevisionReader.class);
    /** Says nothing: all is in the properties. A URL would have to be quoted, and can say too much. */
    private static final String URL = "jdbc:postgresql://";

    private final Timeouts timeouts;
    private final Clock clock;
    private final HostNames names;

    public RevisionReader(Timeouts timeouts, Clock clock) {
        this(timeouts, clock, InetAddress::getAllByName);
    }

    RevisionReader(Timeouts timeouts, Clock clock, HostNames.Resolver resolver) {
        this.timeouts = timeouts;
        this.clock = clock;
        this.names = new HostNames(resolver);
    }

    /**
     * Blocks for at most {@link Timeouts#total}. Never throws: what goes wrong is a reading. Interrupting a virtual
     * thread ends it at once.
     */
    public Reading read(Question question) {
        Instant began = clock.instant();
        Failures failures = new Failures(question.credentials());
        try (Wire wire = new Wire(question.credentials(), timeouts, names)) {
            try (Connection connection = wire.connect(() -> connect(question.credentials()))) {
                return new Look(connection, question, timeouts.read()).take(began);
            } catch (Obstacle obstacle) {
                return failures.of(obstacle, began);
            } catch (SQLException failure) {
                LOG.debug("reading {} failed with SQLSTATE {}", question.credentials(), failure.getSQLState());
                return failures.of(failure, wire, began);
            }
        } catch (RuntimeException bug) {
            LOG.warn("reading {} failed", question.credentials(), bug);
            return failures.ofBug(bug, began);
        }
    }

    private static Connection connect(Credentials credentials) throws SQLException {
        return Objects.requireNonNull(DriverManager.getDriver(URL).connect(URL, properties(credentials)));
    }

    /** Everything that the driver is told. Nothing that a user wrote becomes a property's name. */
    static Properties properties(Credentials credentials) {
        Properties properties = new Properties();
        properties.setProperty("PGHOST", credentials.host());
        properties.setProperty("PGPORT", Integer.toString(credentials.port()));
        properties.setProperty("PGDBNAME", credentials.database());
        properties.setProperty("user", credentials.user());
        properties.setProperty("password", credentials.password());
        properties.setProperty("sslmode", credentials.sslMode().text());
        properties.setProperty("sslfactory", Wire.TlsSockets.class.getName());
        properties.setProperty("sslhostnameverifier", Wire.HostNameCheck.class.getName());
        properties.setProperty("socketFactory", Wire.Sockets.class.getName());
        // Time is the wire's to keep.
        properties.setProperty("loginTimeout", "0");
        properties.setProperty("connectTimeout", "0");
        properties.setProperty("socketTimeout", "0");
        properties.setProperty("ApplicationName", "dbmigrations/operator");
        // Says the name in the first packet, not in a statement of its own.
        properties.setProperty("assumeMinServerVersion", "12");
        properties.setProperty("gssEncMode", "disable");
        properties.setProperty("jaasLogin", "false");
        // A table that somebody called alembic_version must not fill the operator's memory.
        properties.setProperty("maxResultBuffer", "1M");
        properties.setProperty("logServerErrorDetail", "false");
        return properties;
    }
}
