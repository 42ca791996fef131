package dev.dbmigrations.reconcile;

import dev.dbmigrations.database.Credentials;

/** What was found where the resource says that its credentials are. */
public sealed interface SecretState {

    /**
     * Credentials that can be used.
     *
     * @param version the Secret's resource version
     */
    record Present(String version, Credentials credentials) implements SecretState {}

    /** No such Secret in the resource's namespace. */
    record Missing(String message) implements SecretState {}

    /**
     * A Secret that cannot be understood.
     *
     * @param message names the key and the fact, never a value
     */
    record Invalid(String version, String message) implements SecretState {}
}
