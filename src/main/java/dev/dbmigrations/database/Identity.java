package dev.dbmigrations.database;

import org.jspecify.annotations.Nullable;

/**
 * Which database answered, in the server's own words.
 *
 * @param oid of the database; another one when a database was dropped and created under the same name
 * @param systemIdentifier of the cluster, from {@code initdb}; null where this role may not ask
 * @param serverAddress the server's own IP address; the host of the credentials where it has none (a Unix socket
 *     behind a pooler)
 * @param serverPort likewise
 */
public record Identity(
        String name, long oid, @Nullable String systemIdentifier, String serverAddress, int serverPort) {}
