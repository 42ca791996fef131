package dev.dbmigrations.database;

/** Why a look at a database that answers cannot be taken. The message ends a sentence that begins with its address. */
final class Obstacle extends Exception {

    /** Whether a right is missing: otherwise what is there is not what was expected. */
    private final boolean refused;

    private Obstacle(boolean refused, String message) {
        super(message);
        this.refused = refused;
    }

    static Obstacle refused(String message) {
        return new Obstacle(true, message);
    }

    static Obstacle unusable(String message) {
        return new Obstacle(false, message);
    }

    boolean isRefused() {
        return refused;
    }
}
