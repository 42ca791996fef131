package dev.dbmigrations.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The scan that looks for leaks after each system test finds those that are planted. */
class CredentialScanTest {

    private static final String PASSWORD = "p%40ss w:/?#\"'\\ ö€𝛑";

    private final CredentialScan scan = new CredentialScan();

    @Test
    void findsNothingInWhatIsClean() {
        scan.add("the password", PASSWORD);

        assertThat(scan.in("database app at db:5432 refuses the Secret's credentials: ***"))
                .isEmpty();
    }

    @Test
    void findsAPasswordEncodedAndEscaped() {
        scan.add("the password", PASSWORD);
        String json = Serialization.asJson(Map.of("password", PASSWORD));

        assertThat(List.of(
                        "plain: " + PASSWORD + ".",
                        "postgresql://u:" + URLEncoder.encode(PASSWORD, StandardCharsets.UTF_8) + "@db/app",
                        json,
                        Serialization.asJson(Map.of("env", json)),
                        Serialization.asJson(Map.of("pod", Serialization.asJson(Map.of("env", json)))),
                        "\"p%40ss w:/?#\\\"'\\\\ \\u00f6\\u20ac\\ud835\\udED1\"".replace("ED1", "ed1")))
                .allSatisfy(text -> assertThat(scan.in(text)).as(text).isNotEmpty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "u", "us", "user:", "a longer user:"})
    void findsAPasswordInBase64WhereverItBegins(String before) {
        scan.add("the password", PASSWORD);
        byte[] header = (before + PASSWORD + "\n").getBytes(StandardCharsets.UTF_8);

        assertThat(scan.in("Basic " + Base64.getEncoder().encodeToString(header)))
                .singleElement()
                .asString()
                .startsWith("the password, in Base64");
        assertThat(scan.in(Base64.getUrlEncoder().encodeToString(header))).isNotEmpty();
    }

    @Test
    void findsAPasswordInACompressedPlan() throws IOException {
        scan.add("the password", "geheim-1234");
        ByteArrayOutputStream plan = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(plan)) {
            gzip.write("CREATE ROLE app PASSWORD 'geheim-1234';".getBytes(StandardCharsets.UTF_8));
        }
        String data = Base64.getEncoder().encodeToString(plan.toByteArray());
        String line = "dbmigrations: {\"at\": 1.5, \"event\": \"plan\", \"sha256\": \"ab\", \"chunk\": %d, \"of\": 2,"
                + " \"data\": \"%s\"}\n";

        assertThat(scan.in(
                        "hello\n" + line.formatted(1, data.substring(0, 20)) + line.formatted(2, data.substring(20))))
                .containsExactly("the password, as it is");
    }

    @Test
    void knowsWhatIsSecretInASecret() {
        scan.addSecret("shop-db", Map.of("host", "db.prod", "username", "role-1", "password", "geheim-1"));
        scan.addSecret("maps-db", Map.of("uri", "postgresql://role-2:geheim-2@db.prod/maps"));

        assertThat(scan.in("db.prod role-1")).isEmpty();
        assertThat(scan.in("geheim-1 geheim-2"))
                .containsExactly("password in shop-db, as it is", "the password of uri in maps-db, as it is");
    }
}
