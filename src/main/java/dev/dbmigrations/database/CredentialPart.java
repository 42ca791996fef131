package dev.dbmigrations.database;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A part of credentials, wherever it was written: the names that it has, and what it may be. */
enum CredentialPart {
    HOST("host"),
    PORT("port"),
    USER("user", "username"),
    PASSWORD("password"),
    DATABASE("dbname", "database"),
    SSLMODE("sslmode"),
    SSLROOTCERT("sslrootcert");

    private static final List<CredentialPart> REQUIRED = List.of(HOST, USER, PASSWORD, DATABASE);
    private static final int GREATEST_PORT = 65535;
    private static final Pattern HOST_NAME = Pattern.compile("[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?");
    // Names that end in a number are addresses in disguise: 127.1, 2130706433, 0x7f000001.
    private static final Pattern LIKE_IPV4 =
            Pattern.compile("(.*\\.)?([0-9]+|0x[0-9a-f]*)\\.?", Pattern.CASE_INSENSITIVE);
    private static final Pattern IPV4 = Pattern.compile("(0|[1-9][0-9]{0,2})(\\.(0|[1-9][0-9]{0,2})){3}");

    private final String name;
    private final String otherName;

    CredentialPart(String name) {
        this(name, name);
    }

    CredentialPart(String name, String otherName) {
        this.name = name;
        this.otherName = otherName;
    }

    /** {@return whether a part may have this name} */
    static boolean isName(String name) {
        return Arrays.stream(values()).anyMatch(part -> part.name.equals(name) || part.otherName.equals(name));
    }

    /** {@return the credentials that these values make; {@code where} they were found begins every refusal} */
    static Credentials check(String where, Map<String, JsonNode> values) throws InvalidCredentials {
        Map<CredentialPart, String> found = new HashMap<>();
        for (CredentialPart part : values()) {
            String given = part.isGiven(values.get(part.name)) ? part.name : part.otherName;
            JsonNode value = values.get(given);
            if (value != null && part.isGiven(value)) {
                found.put(part, part.text(where, given, value));
            }
        }
        String missing = REQUIRED.stream()
                .filter(part -> !found.containsKey(part))
                .map(part -> part.name.equals(part.otherName) ? part.name : part.name + " or " + part.otherName)
                .collect(joining(", "));
        if (!missing.isEmpty()) {
            throw new InvalidCredentials(
                    where + " lacks " + missing + ": every Secret needs host, user, password and dbname");
        }
        return new Credentials(
                host(where, found.getOrDefault(HOST, "")),
                port(where, found.get(PORT)),
                found.getOrDefault(USER, ""),
                found.getOrDefault(PASSWORD, ""),
                found.getOrDefault(DATABASE, ""),
                sslMode(where, found.get(SSLMODE)),
                sslRootCert(where, found.get(SSLROOTCERT)));
    }

    /** An empty password is one; every other part that is empty counts as not given. */
    private boolean isGiven(@Nullable JsonNode value) {
        return value != null
                && !value.isNull()
                && (this == PASSWORD || !value.isTextual() || !value.textValue().isEmpty());
    }

    private String text(String where, String name, JsonNode value) throws InvalidCredentials {
        if (this == PORT && !value.isTextual()) {
            if (!value.isIntegralNumber()) {
                throw badPort(where);
            }
            return value.asText();
        }
        if (!value.isTextual()) {
            throw new InvalidCredentials(where + " has " + name + " as something else than text");
        }
        if (value.textValue().indexOf('\0') >= 0) {
            throw new InvalidCredentials(where + " has a zero byte in " + name + ", which PostgreSQL cannot take");
        }
        return value.textValue();
    }

    private static String host(String where, String written) throws InvalidCredentials {
        boolean bracketed = written.startsWith("[") && written.endsWith("]");
        String host = bracketed ? written.substring(1, written.length() - 1) : written;
        String name = host.toLowerCase(Locale.ROOT).replaceFirst("\\.+$", "");
        if (host.startsWith("/") || name.equals("localhost") || name.endsWith(".localhost")) {
            throw loopback(where);
        }
        if (host.contains(":") || LIKE_IPV4.matcher(host).matches()) {
            InetAddress address = address(where, host);
            if (address.isLoopbackAddress() || address.isAnyLocalAddress()) {
                throw loopback(where);
            }
        } else if (!HOST_NAME.matcher(host).matches()) {
            throw badHost(where);
        }
        return host;
    }

    private static InetAddress address(String where, String host) throws InvalidCredentials {
        if (host.contains("%") || !(host.contains(":") || IPV4.matcher(host).matches())) {
            throw badHost(where);
        }
        try {
            return InetAddress.ofLiteral(host);
        } catch (IllegalArgumentException ignored) {
            throw badHost(where);
        }
    }

    private static int port(String where, @Nullable String port) throws InvalidCredentials {
        if (port == null) {
            return 5432;
        }
        if (!port.matches("[0-9]{1,5}")) {
            throw badPort(where);
        }
        int number = Integer.parseInt(port);
        if (number < 1 || number > GREATEST_PORT) {
            throw badPort(where);
        }
        return number;
    }

    private static SslMode sslMode(String where, @Nullable String text) throws InvalidCredentials {
        if (text == null) {
            return SslMode.PREFER;
        }
        return SslMode.of(text)
                .orElseThrow(() -> new InvalidCredentials(where + " has an unknown sslmode: it must be one of "
                        + Arrays.stream(SslMode.values()).map(SslMode::text).collect(joining(", "))));
    }

    private static @Nullable String sslRootCert(String where, @Nullable String pem) throws InvalidCredentials {
        if (pem != null && !pem.contains("-----BEGIN CERTIFICATE-----")) {
            throw new InvalidCredentials(
                    where + " has an sslrootcert that is no certificate: it must be PEM text, not a path");
        }
        return pem;
    }

    private static InvalidCredentials badPort(String where) {
        return new InvalidCredentials(where + " has a bad port: it must be a whole number from 1 to " + GREATEST_PORT);
    }

    private static InvalidCredentials badHost(String where) {
        return new InvalidCredentials(
                where + " has a bad host: it must be one host name or address, without port or parameters");
    }

    private static InvalidCredentials loopback(String where) {
        return new InvalidCredentials(
                where + " has a loopback host: the operator must reach the database, too, so name its address");
    }
}
