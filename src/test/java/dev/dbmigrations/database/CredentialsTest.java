package dev.dbmigrations.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The rules for Secrets, as the cases that the runner's own tests read, too. */
@NullMarked
class CredentialsTest {

    static Stream<Arguments> cases() throws IOException {
        try (var file = Objects.requireNonNull(CredentialsTest.class.getResourceAsStream("/credentials/cases.json"))) {
            return StreamSupport.stream(new ObjectMapper().readTree(file).spliterator(), false)
                    .map(one -> Arguments.of(one.get("name").textValue(), one));
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void readsASecret(String name, JsonNode one) throws InvalidCredentials {
        Map<String, String> secret = new TreeMap<>();
        one.get("secret")
                .properties()
                .forEach(entry -> secret.put(entry.getKey(), entry.getValue().textValue()));
        String key = one.get("key").textValue();

        if (one.has("expect")) {
            assertThat(Credentials.parse(secret, key)).isEqualTo(expected(one.get("expect")));
            return;
        }
        InvalidCredentials refused =
                catchThrowableOfType(InvalidCredentials.class, () -> Credentials.parse(secret, key));
        assertThat(refused).as("refusal").isNotNull().hasNoCause();
        one.get("invalid").forEach(part -> assertThat(refused).hasMessageContaining(part.textValue()));
        one.get("absent").forEach(value -> assertThat(refused).hasMessageNotContaining(value.textValue()));
    }

    private static Credentials expected(JsonNode expect) {
        return new Credentials(
                expect.get("host").textValue(),
                expect.get("port").intValue(),
                expect.get("user").textValue(),
                expect.get("password").textValue(),
                expect.get("database").textValue(),
                SslMode.of(expect.get("sslmode").textValue()).orElseThrow(),
                textOrNull(expect.get("sslrootcert")));
    }

    private static @Nullable String textOrNull(JsonNode node) {
        return node.textValue();
    }

    @Test
    void refusesAValueThatIsNoUtf8() {
        Map<String, byte[]> secret =
                Map.of("host", "db.example.com".getBytes(StandardCharsets.UTF_8), "password", new byte[] {
                    (byte) 0xff, (byte) 0xfe
                });

        assertThatThrownBy(() -> Credentials.parseBytes(secret, null))
                .isInstanceOf(InvalidCredentials.class)
                .hasMessage("the Secret's key 'password' is not UTF-8 text")
                .hasNoCause();
    }

    @Test
    void showsNeitherUserNorPassword() {
        Credentials credentials =
                new Credentials("db.prod", 5432, "carol", "pa55word", "app", SslMode.VERIFY_FULL, "PEM");

        assertThat(credentials).hasToString("Credentials[db.prod:5432/app, verify-full]");
        assertThat(new Question(
                                credentials,
                                java.util.Optional.empty(),
                                java.util.Optional.empty(),
                                java.util.Optional.empty())
                        .toString())
                .doesNotContain("carol", "pa55word");
    }

    @Test
    void writesAnAddressOfVersionSixInBrackets() {
        Credentials credentials = new Credentials("fd00::12", 5432, "u", "p", "app", SslMode.PREFER, null);

        assertThat(credentials.address()).isEqualTo("[fd00::12]:5432/app");
    }
}
