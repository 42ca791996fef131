package dev.dbmigrations.database;

import java.time.Instant;
import java.util.Optional;

/**
 * A session of the server, as {@code pg_stat_activity} shows it.
 *
 * @param pid the backend's process
 * @param applicationName empty where none is set
 * @param state such as {@code active} or {@code idle}; empty where this role may not see it
 * @param since when the session began; empty where this role may not see it
 */
public record Session(int pid, String applicationName, Optional<String> state, Optional<Instant> since) {}
