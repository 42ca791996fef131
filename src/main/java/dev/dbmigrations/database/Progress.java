package dev.dbmigrations.database;

/** How far a run is, as the {@code application_name} of its lock connection says. */
public sealed interface Progress {

    /** It waits for the database's lock. */
    record Waiting() implements Progress {}

    /** It holds the lock and executed so many steps of so many. */
    record Executed(int executed, int total) implements Progress {}
}
