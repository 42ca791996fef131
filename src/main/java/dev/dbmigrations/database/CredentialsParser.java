package dev.dbmigrations.database;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toMap;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds the form of a Secret's values and takes it apart: the same rules as the runner's {@code credentials.py}, tested
 * by the same cases. Each refusal is one sentence that names the Secret's key, never a value, and has no cause: a cause
 * would be printed with the value in it.
 */
final class CredentialsParser {

    private static final List<String> URI_KEYS = List.of("uri", "url", "DATABASE_URL");
    private static final Pattern SCHEME =
            Pattern.compile("postgres(ql)?(\\+\\w+)?://.*", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);
    private static final Pattern URI = Pattern.compile(
            "postgres(?:ql)?(?:\\+\\w+)?://"
                    + "(?:(?<user>[^:/?#@\\[\\]]*)(?::(?<password>[^/?#@]*))?@)?"
                    + "(?<host>\\[[^\\]/?#@]*\\]|[^:/?#@\\[\\]]*)(?::(?<port>[^/?#@:]*))?"
                    + "(?:/(?<dbname>[^/?#]*))?(?:\\?(?<query>[^#]*))?",
            Pattern.CASE_INSENSITIVE | Pattern.DOTALL);
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            // As Python's parser does.
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    private CredentialsParser() {}

    static Credentials parse(Map<String, byte[]> data, @Nullable String key) throws InvalidCredentials {
        SortedMap<String, String> secret = new TreeMap<>();
        for (Map.Entry<String, byte[]> entry : data.entrySet()) {
            secret.put(entry.getKey(), text(entry.getKey(), entry.getValue()));
        }
        if (key != null) {
            return fromKey(secret, key);
        }
        for (String name : URI_KEYS) {
            String uri = secret.get(name);
            if (uri != null) {
                return fromUri(name, uri);
            }
        }
        if (secret.keySet().stream().anyMatch(CredentialPart::isName)) {
            return CredentialPart.check("the Secret", asNodes(secret));
        }
        return fromOnlyDocument(secret);
    }

    private static Credentials fromKey(SortedMap<String, String> secret, String key) throws InvalidCredentials {
        String text = secret.get(key);
        if (text == null) {
            throw new InvalidCredentials("the Secret has no key '%s', which credentialsSecretRef.key names; it has %s"
                    .formatted(key, list(secret.keySet(), "none")));
        }
        if (text.contains("://") && !text.stripLeading().startsWith("{")) {
            return fromUri(key, text);
        }
        Map<String, JsonNode> document = jsonObject(text);
        if (document == null) {
            throw new InvalidCredentials(
                    "the Secret's key '%s' holds neither a URI that begins with postgresql:// nor a JSON object"
                            .formatted(key));
        }
        return fromDocument(key, document);
    }

    private static Credentials fromOnlyDocument(SortedMap<String, String> secret) throws InvalidCredentials {
        SortedMap<String, Map<String, JsonNode>> documents = new TreeMap<>();
        secret.forEach((name, text) -> {
            Map<String, JsonNode> document = jsonObject(text);
            if (document != null) {
                documents.put(name, document);
            }
        });
        if (documents.isEmpty()) {
            throw new InvalidCredentials("the Secret holds no credentials in a known form: it needs the key uri (or"
                    + " url, DATABASE_URL), or the keys host, user, password and dbname, or one key with a JSON object,"
                    + " or credentialsSecretRef.key; it has " + list(secret.keySet(), "no key at all"));
        }
        if (documents.size() > 1) {
            throw new InvalidCredentials(
                    "the Secret's keys %s all hold JSON documents: name one in credentialsSecretRef.key"
                            .formatted(list(documents.keySet(), "")));
        }
        Map.Entry<String, Map<String, JsonNode>> only = documents.firstEntry();
        return fromDocument(only.getKey(), only.getValue());
    }

    private static Credentials fromDocument(String key, Map<String, JsonNode> document) throws InvalidCredentials {
        return CredentialPart.check("the JSON document in the Secret's key '" + key + "'", document);
    }

    private static Credentials fromUri(String key, String text) throws InvalidCredentials {
        String where = "the URI in the Secret's key '" + key + "'";
        if (!SCHEME.matcher(text).matches()) {
            throw new InvalidCredentials(where + " does not begin with postgresql://");
        }
        Matcher uri = URI.matcher(text);
        if (!uri.matches()) {
            throw new InvalidCredentials(where + " cannot be read as postgresql://user:password@host:port/dbname: signs"
                    + " such as @ / ? # [ ] in user, password or dbname must be percent-encoded (host: an IPv6 address"
                    + " stands in brackets)");
        }
        Map<String, String> parts = new HashMap<>();
        for (String name : List.of("user", "password", "port", "dbname")) {
            String group = uri.group(name);
            if (group != null) {
                parts.put(name, decoded(where, name, group));
            }
        }
        // Not decoded: a socket's path or a list of hosts hidden in percent-encoding is no host.
        parts.put("host", uri.group("host"));
        String query = uri.group("query");
        for (String pair : query == null ? new String[0] : query.split("&", -1)) {
            int equals = pair.indexOf('=');
            String name = equals < 0 ? pair : pair.substring(0, equals);
            // Everything else that a URI can say would load classes, read files or lead elsewhere.
            if (name.equals("sslmode") || name.equals("sslrootcert")) {
                parts.put(name, decoded(where, name, equals < 0 ? "" : pair.substring(equals + 1)));
            }
        }
        return CredentialPart.check(where, asNodes(parts));
    }

    private static String decoded(String where, String name, String value) throws InvalidCredentials {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(value.length());
        try {
            for (int next = 0; next < value.length(); ) {
                if (value.charAt(next) == '%') {
                    bytes.write(HexFormat.fromHexDigits(value, next + 1, next + 3));
                    next += 3;
                } else {
                    int end = value.indexOf('%', next);
                    end = end < 0 ? value.length() : end;
                    bytes.writeBytes(value.substring(next, end).getBytes(StandardCharsets.UTF_8));
                    next = end;
                }
            }
            return utf8(bytes.toByteArray());
        } catch (IllegalArgumentException | IndexOutOfBoundsException | CharacterCodingException ignored) {
            throw new InvalidCredentials(
                    "%s has bad percent-encoding in %s: a percent sign itself is written %%25".formatted(where, name));
        }
    }

    private static String text(String key, byte[] value) throws InvalidCredentials {
        try {
            // Editors and `kubectl create secret --from-file` leave a newline that nobody means.
            return utf8(value).replaceFirst("\\r?\\n\\z", "");
        } catch (CharacterCodingException ignored) {
            throw new InvalidCredentials("the Secret's key '" + key + "' is not UTF-8 text");
        }
    }

    private static String utf8(byte[] bytes) throws CharacterCodingException {
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes))
                .toString();
    }

    private static @Nullable Map<String, JsonNode> jsonObject(String text) {
        try {
            JsonNode node = JSON.readTree(text);
            return node.isObject()
                    ? node.properties().stream().collect(toMap(Map.Entry::getKey, Map.Entry::getValue))
                    : null;
        } catch (JsonProcessingException ignored) {
            return null;
        }
    }

    private static Map<String, JsonNode> asNodes(Map<String, String> texts) {
        return texts.entrySet().stream().collect(toMap(Map.Entry::getKey, entry -> TextNode.valueOf(entry.getValue())));
    }

    private static String list(Collection<String> names, String ifNone) {
        return names.isEmpty() ? ifNone : names.stream().collect(joining("', '", "'", "'"));
    }
}
