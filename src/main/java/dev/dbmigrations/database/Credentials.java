package dev.dbmigrations.database;

import static java.util.stream.Collectors.toMap;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is needed to connect to one database.
 *
 * @param port 1 to 65535
 * @param sslRootCert certificate authorities as PEM text (never a path), or null for the JVM's own
 */
public record Credentials(
        String host,
        int port,
        String user,
        String password,
        String database,
        SslMode sslMode,
        @Nullable String sslRootCert) {

    public Credentials {
        // A cloud's bundle of authorities is 160 KiB long, and the same in a thousand Secrets.
        sslRootCert = sslRootCert == null ? null : sslRootCert.intern();
    }

    /**
     * Reads the credentials in a Secret, in any of the documented forms.
     *
     * @param secret the Secret's keys with their decoded values
     * @param key the one key that holds a URI or a JSON document, or null to find the form by the keys' names
     */
    public static Credentials parse(Map<String, String> secret, @Nullable String key) throws InvalidCredentials {
        return parseBytes(
                secret.entrySet().stream()
                        .collect(toMap(
                                Map.Entry::getKey, entry -> entry.getValue().getBytes(StandardCharsets.UTF_8))),
                key);
    }

    /** As {@link #parse}, of values as bytes: those that are needed and are no UTF-8 are invalid. */
    public static Credentials parseBytes(Map<String, byte[]> secret, @Nullable String key) throws InvalidCredentials {
        return CredentialsParser.parse(secret, key);
    }

    /** {@return where the database is, for messages: {@code db.prod:5432/app}} */
    public String address() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port + "/" + database;
    }

    /** Without user and password. */
    @Override
    public String toString() {
        return "Credentials[" + address() + ", " + sslMode.text() + "]";
    }
}
