package dev.dbmigrations.database;

import java.time.Instant;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How far a run is, as the {@code application_name} of its lock connection says. */
public sealed interface Progress {

    /** As {@code 3of12}. */
    Pattern STEPS = Pattern.compile("([0-9]{1,9})of([0-9]{1,9})");

    /** The lock connection's last statement names the step in progress; the application name has no room for it. */
    Pattern REVISION = Pattern.compile("/\\* revision ([A-Za-z0-9_.@+-]{1,100}) \\*/");

    /** It waits for the database's lock. */
    record Waiting() implements Progress {}

    /**
     * It holds the lock and executed so many steps of so many.
     *
     * @param revision the step in progress; empty between steps, and where this role may not see it
     * @param waitsFor who keeps it waiting at this moment
     * @param building the index that it builds
     */
    record Executed(
            int executed,
            int total,
            Optional<String> revision,
            Optional<Blocker> waitsFor,
            Optional<IndexBuild> building)
            implements Progress {

        public Executed(int executed, int total) {
            this(executed, total, Optional.empty(), Optional.empty(), Optional.empty());
        }

        Executed with(Optional<Blocker> blocker, Optional<IndexBuild> build) {
            return new Executed(executed, total, revision, blocker, build);
        }
    }

    /**
     * The session that has a lock which the run's statement waits for.
     *
     * @param pid the backend's process; 0 for a prepared transaction
     * @param applicationName empty where none is set
     * @param queryStart when its present or last statement began; empty where this role may not see it
     * @param table the table, as {@code schema.table}; empty where the lock is no table's
     */
    record Blocker(int pid, String applicationName, Optional<Instant> queryStart, Optional<String> table) {}

    /**
     * An index under construction, as {@code pg_stat_progress_create_index} shows it.
     *
     * @param table the table, as {@code schema.table}
     * @param phase in PostgreSQL's words
     * @param percent of the phase's blocks or tuples that are done, 0 to 100; empty where the phase has none
     */
    record IndexBuild(String table, String phase, Optional<Integer> percent) {}

    /**
     * {@return what the session says, if it says something}
     *
     * @param state the last part of its application name
     * @param statement its present or last statement; empty where this role may not see it
     */
    static Optional<Progress> of(String state, String statement) {
        if (state.equals("waiting")) {
            return Optional.of(new Waiting());
        }
        Matcher steps = STEPS.matcher(state);
        if (!steps.matches()) {
            return Optional.empty();
        }
        Matcher revision = REVISION.matcher(statement);
        return Optional.of(new Executed(
                Integer.parseInt(steps.group(1)),
                Integer.parseInt(steps.group(2)),
                revision.find() ? Optional.of(revision.group(1)) : Optional.empty(),
                Optional.empty(),
                Optional.empty()));
    }
}
