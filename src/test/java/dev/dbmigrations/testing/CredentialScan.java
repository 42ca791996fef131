package dev.dbmigrations.testing;

import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;

/** Knows credentials, and finds them in text however they are written there: encoded, escaped, compressed in a plan. */
public final class CredentialScan {

    /** Shorter ones stand in other words. */
    private static final int SHORTEST = 4;

    /** Keys of Secrets whose values may be said, or are too common for a search: names of users are added by tests. */
    private static final Set<String> NOT_SEARCHED =
            Set.of("host", "port", "user", "username", "dbname", "database", "sslmode", "sslrootcert");

    private static final Pattern PASSWORD_OF_URI = Pattern.compile("://[^:/@]*:([^@]*)@");
    private static final Pattern PLAN_CHUNK =
            Pattern.compile("dbmigrations: \\{.*\"sha256\": \"([0-9a-f]+)\".*\"data\": \"([A-Za-z0-9+/=]+)\"}");

    private static final CredentialScan SHARED = new CredentialScan();

    /** Form → what it is a form of, in words that do not repeat it. */
    private final Map<String, String> forms = new ConcurrentHashMap<>();

    /** {@return the scan that knows each credential that any test of this JVM has used} */
    public static CredentialScan shared() {
        return SHARED;
    }

    /** From now on, finds this value, which people know as {@code what}. */
    public void add(String what, String secret) {
        if (secret.length() >= SHORTEST) {
            forms(secret).forEach((form, how) -> forms.putIfAbsent(form, what + ", " + how));
        }
    }

    /** From now on, finds what is secret in the values of a Secret. */
    public void addSecret(String name, Map<String, String> values) {
        values.forEach((key, value) -> {
            if (!NOT_SEARCHED.contains(key)) {
                add(key + " in " + name, value);
                Matcher uri = PASSWORD_OF_URI.matcher(value);
                if (uri.find()) {
                    add("the password of " + key + " in " + name, uri.group(1));
                }
            }
        });
    }

    /** {@return what was found in a text; empty where it holds no credential} */
    public List<String> in(String text) {
        String all = text + plansIn(text);
        return forms.entrySet().stream()
                .filter(form -> all.contains(form.getKey()))
                .map(Map.Entry::getValue)
                .distinct()
                .sorted()
                .toList();
    }

    /** {@return form → which one it is} */
    static Map<String, String> forms(String secret) {
        Map<String, String> forms = new LinkedHashMap<>();
        forms.putIfAbsent(secret, "as it is");
        forms.putIfAbsent(encoded(secret), "URL-encoded");
        forms.putIfAbsent(encoded(secret).replace("%20", "+"), "URL-encoded");
        forms.putIfAbsent(lowerCaseEncoded(secret), "URL-encoded");
        forms.putIfAbsent(encoded(secret).replace("%", "%%"), "URL-encoded for alembic.ini");
        forms.putIfAbsent(secret.replace("'", "''"), "as a literal of SQL");
        // A JSON document in a variable of a Job, shown as JSON, is escaped twice.
        String json = secret;
        String ascii = secret;
        for (int depth = 1; depth <= 3; depth++) {
            json = json(json);
            ascii = depth == 1 ? asciiJson(secret) : json(ascii);
            forms.putIfAbsent(json, "escaped for JSON");
            forms.putIfAbsent(ascii, "escaped for JSON");
        }
        for (int offset = 0; offset < 3; offset++) {
            String base64 = base64(secret, offset);
            forms.putIfAbsent(base64, "in Base64 from byte " + offset + " of three");
            forms.putIfAbsent(
                    base64.replace('+', '-').replace('/', '_'), "in Base64 from byte " + offset + " of three");
        }
        forms.keySet().removeIf(form -> form.length() < SHORTEST);
        return forms;
    }

    /** {@return the signs that Base64 has for these bytes wherever they begin, less those that their neighbours change} */
    private static String base64(String secret, int offset) {
        byte[] bytes = secret.getBytes(StandardCharsets.UTF_8);
        byte[] shifted = new byte[offset + bytes.length];
        System.arraycopy(bytes, 0, shifted, offset, bytes.length);
        String text = Base64.getEncoder().withoutPadding().encodeToString(shifted);
        return text.substring(offset == 0 ? 0 : offset + 1, text.length() - (shifted.length % 3 == 0 ? 0 : 1));
    }

    private static String encoded(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private static String lowerCaseEncoded(String value) {
        return Pattern.compile("%..")
                .matcher(encoded(value))
                .replaceAll(found -> found.group().toLowerCase(Locale.ROOT));
    }

    private static String json(String value) {
        String quoted = Serialization.asJson(value);
        return quoted.substring(1, quoted.length() - 1);
    }

    /** As Python writes it. */
    private static String asciiJson(String value) {
        StringBuilder ascii = new StringBuilder();
        json(value)
                .chars()
                .forEach(sign -> ascii.append(sign < 128 ? String.valueOf((char) sign) : "\\u%04x".formatted(sign)));
        return ascii.toString();
    }

    /** {@return the plans that a runner has printed, which are compressed} */
    private static String plansIn(String text) {
        Map<String, StringBuilder> plans = new ConcurrentHashMap<>();
        text.lines()
                .map(PLAN_CHUNK::matcher)
                .filter(Matcher::matches)
                .map(Matcher::toMatchResult)
                .forEach(chunk -> plans.computeIfAbsent(chunk.group(1), sha -> new StringBuilder())
                        .append(chunk.group(2)));
        StringBuilder all = new StringBuilder();
        plans.values().forEach(plan -> all.append(unzipped(plan.toString())));
        return all.toString();
    }

    private static String unzipped(String base64) {
        try (GZIPInputStream gzip =
                new GZIPInputStream(new ByteArrayInputStream(Base64.getDecoder().decode(base64)))) {
            return new String(gzip.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("a plan in a log is not whole", e);
        }
    }
}
