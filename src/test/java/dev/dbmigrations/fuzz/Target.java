package dev.dbmigrations.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.database.Credentials;
import dev.dbmigrations.database.InvalidCredentials;
import dev.dbmigrations.job.PlanReading;
import dev.dbmigrations.reconcile.AnyResource;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Where what strangers write comes in, each with what has to hold whatever they write. */
enum Target {
    /** A Secret: keys and values in turn, each ended by a zero byte. An odd one out is the key that the spec names. */
    SECRET(Target::secret),
    /** A URI in a Secret. */
    URI(input -> credentials(Map.of("uri", input), null)),
    /** A termination message. */
    TERMINATION(input -> AnyResource.endsWith(text(input))),
    /** The log of a plan's pod; its first line is hash and length, as the termination message names them. */
    LOG(Target::log),
    /** A status that a newer version wrote. */
    STATUS(input -> AnyResource.ifReadable(() -> resource("{\"metadata\":{\"name\":\"shop\",\"generation\":2},\"spec\":"
            + "{\"targetRevision\":\"b2\",\"image\":\"trig:1\",\"credentialsSecretRef\":{\"name\":\"db\"}},\"status\":"
            + text(input) + "}"))),
    /** A whole resource of a newer CRD. */
    RESOURCE(input -> AnyResource.ifReadable(() -> resource(text(input))));

    /** Stands in the seeds' passwords: no message may repeat it. */
    private static final String CANARY = "GEHEIM";

    private static final KubernetesSerialization KUBERNETES = new KubernetesSerialization();

    @SuppressWarnings("ImmutableEnumChecker") // The lambdas above hold nothing.
    private final Consumer<byte[]> check;

    Target(Consumer<byte[]> check) {
        this.check = check;
    }

    /** Throws where something does not hold. */
    void accept(byte[] input) {
        check.accept(input);
    }

    /** {@return the folder of its seeds and findings, and its name on the command line} */
    String folder() {
        return name().toLowerCase(Locale.ROOT);
    }

    private static void secret(byte[] input) {
        String[] words = new String(input, StandardCharsets.ISO_8859_1).split("\0", -1);
        Map<String, byte[]> secret = new HashMap<>();
        for (int i = 0; i + 1 < words.length; i += 2) {
            secret.put(words[i], words[i + 1].getBytes(StandardCharsets.ISO_8859_1));
        }
        credentials(
                secret, words.length % 2 == 1 && !words[words.length - 1].isEmpty() ? words[words.length - 1] : null);
    }

    private static void credentials(Map<String, byte[]> secret, @Nullable String key) {
        try {
            Credentials credentials = Credentials.parseBytes(secret, key);
            assertThat(credentials.port()).isBetween(1, 65535);
            assertThat(credentials.host()).matches("[A-Za-z0-9_.:-]+").isNotEqualToIgnoringCase("localhost");
            assertThat(credentials.host()).doesNotStartWith("127.").isNotEqualTo("::1");
            assertThat(credentials.user() + credentials.password() + credentials.database())
                    .doesNotContain("\0");
            if (!credentials.address().contains(CANARY)) {
                assertThat(credentials.toString()).doesNotContain(CANARY);
            }
        } catch (InvalidCredentials refused) {
            assertThat(refused).hasNoCause();
            if (secret.keySet().stream().noneMatch(name -> name.contains(CANARY))
                    && (key == null || !key.contains(CANARY))) {
                assertThat(refused.getMessage()).doesNotContain(CANARY);
            }
        }
    }

    private static void log(byte[] input) {
        String[] parts = text(input).split("\n", 2);
        String[] told = parts[0].split(" ", 2);
        if (parts.length < 2 || told.length < 2 || !told[1].matches("[0-9]{1,7}")) {
            return;
        }
        try {
            long bytes = Long.parseLong(told[1]);
            Optional<byte[]> content =
                    PlanReading.content(new BufferedReader(new StringReader(parts[1])), told[0], bytes);
            if (content.isPresent()) {
                assertThat(content.get()).hasSize((int) bytes);
                assertThat(sha256(content.get())).isEqualTo(told[0]);
            }
            PlanReading.read(new BufferedReader(new StringReader(parts[1])), told[0], bytes)
                    .ifPresent(plan -> plan.steps()
                            .forEach(step -> assertThat(step.destroys()).isNotNull()));
        } catch (IOException e) {
            throw new AssertionError("text can be read to its end", e);
        }
    }

    /** {@return the resource; empty where the JSON is none, which no API server hands out} */
    private static Optional<DatabaseMigration> resource(String json) {
        if (!json.startsWith("{")) {
            // The client takes anything else for YAML, in which no API server answers.
            return Optional.empty();
        }
        try {
            return Optional.ofNullable(KUBERNETES.unmarshal(json, DatabaseMigration.class))
                    .filter(resource -> resource.getSpec() != null && resource.getMetadata() != null);
        } catch (KubernetesClientException | IllegalArgumentException | ClassCastException e) {
            return Optional.empty();
        }
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String text(byte[] input) {
        return new String(input, StandardCharsets.UTF_8);
    }
}
