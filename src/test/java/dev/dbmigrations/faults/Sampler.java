package dev.dbmigrations.faults;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks all the time at who holds the runner's advisory locks, in all databases of one server at once. */
final class Sampler {

    private static final Logger LOG = LoggerFactory.getLogger(Sampler.class);

    private static final Duration PAUSE = Duration.ofMillis(20);

    /** The runner's two keys have these high 32 bits; the low ones tell one from the other. */
    private static final long BOTH_KEYS = 0x64626d69L;

    private static final long LOCK = 0x67726174L;

    /** A session has its name before it has the key, so names are read after keys. */
    private static final String HOLDERS = """
            SELECT d.datname, a.application_name, l.pid, l.objid::bigint
            FROM pg_locks l CROSS JOIN LATERAL pg_stat_get_activity(l.pid) a JOIN pg_database d ON d.oid = l.database
            WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %d AND l.objsubid = 1
              AND (l.objid = %d OR l.mode = 'ShareLock')""".formatted(BOTH_KEYS, LOCK);

    /**
     * A session that migrates, or the lock connection of one.
     *
     * @param run {@code <uid>/<attempt>}, from the session's name
     * @param locks whether it is the lock connection
     */
    record Holder(String run, int pid, boolean locks) {}

    /** Who held one of the keys in one database at one time. */
    record Sample(Instant at, List<Holder> holders) {

        /** {@return the runs that were at work, each once} */
        List<String> runs() {
            return holders.stream().map(Holder::run).distinct().sorted().toList();
        }
    }

    private final Map<String, List<Sample>> byDatabase = new ConcurrentHashMap<>();

    private final LedgerServer server;

    /** Is at work from now on. */
    Sampler(LedgerServer server) {
        this.server = server;
        Thread.ofPlatform().daemon().name("sampler").start(this::sample);
    }

    /** {@return what was seen in a database, oldest first; samples in which nobody held a key are left out} */
    List<Sample> of(String database) {
        return List.copyOf(byDatabase.getOrDefault(database, List.of()));
    }

    private void sample() {
        try {
            while (true) {
                sampleUntilAway();
                Thread.sleep(PAUSE);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void sampleUntilAway() throws InterruptedException {
        try (Connection connection = server.connect("postgres");
                PreparedStatement holders = connection.prepareStatement(HOLDERS)) {
            while (true) {
                try (ResultSet rows = holders.executeQuery()) {
                    note(rows);
                }
                Thread.sleep(PAUSE);
            }
        } catch (SQLException e) {
            // Nobody holds a lock of a server that is away.
            LOG.debug("no samples at the moment: {}", e.getMessage());
        }
    }

    private void note(ResultSet rows) throws SQLException {
        Map<String, List<Holder>> found = new TreeMap<>();
        while (rows.next()) {
            Holder holder = new Holder(run(rows.getString(2)), rows.getInt(3), rows.getLong(4) == LOCK);
            found.merge(
                    rows.getString(1),
                    List.of(holder),
                    (some, more) -> Stream.concat(some.stream(), more.stream()).toList());
        }
        Instant now = Instant.now();
        found.forEach((database, holders) -> byDatabase
                .computeIfAbsent(database, name -> new CopyOnWriteArrayList<>())
                .add(new Sample(now, holders)));
    }

    /** {@return uid and attempt out of {@code dbmigrations/<uid>/<attempt>/3of12}} */
    private static String run(String session) {
        return Stream.of(session.split("/")).skip(1).limit(2).collect(Collectors.joining("/"));
    }
}
