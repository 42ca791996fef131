package dev.dbmigrations.database;

/**
 * A Secret cannot be understood. The message is one sentence for its owner: the key, the fact and the way out, and
 * never a value.
 */
public final class InvalidCredentials extends Exception {

    InvalidCredentials(String message) {
        super(message);
    }
}
