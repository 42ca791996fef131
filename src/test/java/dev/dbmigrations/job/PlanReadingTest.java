package dev.dbmigrations.job;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** A plan is put together from a log in which others write, too. */
@NullMarked
class PlanReadingTest {

    private static final String PLAN = """
            {"version":1,"target":"head","resolvedTarget":["b2"],"from":["a1"],"to":["b2"],"direction":"Upgrade",
             "steps":[{"revision":"b2","message":"drop the name – ü","direction":"Upgrade","sql":"BEGIN;\\n",
              "rendered":false,"whyNot":"it reads the database","operations":[{"kind":"drop_column","object":"user.name"}],
              "destroys":["drops column user.name"],"hazards":["locks"],"cannotBeUndone":"it has no downgrade()",
              "sourceSha256":"00"}],
             "wayBack":{"whyNot":"b2 cannot be undone","from":["b2"],"to":["b2"],"direction":"Downgrade","steps":[]}}
            """;

    private final byte[] content = PLAN.getBytes(UTF_8);
    private final String hash = sha256(content);

    @Test
    void readsThePlanWhole() {
        PlanDocument plan = read(chunks(100)).orElseThrow();
        assertThat(plan.target()).isEqualTo("head");
        assertThat(plan.from()).containsExactly("a1");
        assertThat(plan.destructive()).isTrue();
        PlanDocument.Step step = plan.steps().getFirst();
        assertThat(step.message()).isEqualTo("drop the name – ü");
        assertThat(step.sql()).isEqualTo("BEGIN;\n");
        assertThat(step.rendered()).isFalse();
        assertThat(step.operations()).containsExactly(new PlanDocument.Operation("drop_column", "user.name"));
        assertThat(plan.wayBack())
                .isNotNull()
                .extracting(PlanDocument.WayBack::whyNot)
                .isEqualTo("b2 cannot be undone");
    }

    @Test
    void readsItInAnyOrderAmongTheLinesOfOthers() {
        List<String> lines = new ArrayList<>(chunks(50));
        Collections.shuffle(lines, new Random(1));
        for (int i = 0; i < lines.size(); i += 2) {
            lines.add(i, "INFO [alembic] Running upgrade");
        }
        lines.addFirst("x".repeat(100_000));
        lines.addFirst("dbmigrations: {\"event\": \"plan\", \"sha256\": \"" + hash + "\", \"chunk\": \"one\"}");
        lines.addFirst("dbmigrations: no JSON");
        lines.addFirst("dbmigrations: null");
        assertThat(read(lines)).isPresent();
    }

    @Test
    void believesNothingThatIsNotWhole() {
        List<String> lines = chunks(50);
        assertThat(read(lines.subList(1, lines.size()))).isEmpty();
        assertThat(read(lines.subList(0, lines.size() - 1))).isEmpty();
        assertThat(read(List.of())).isEmpty();
    }

    @Test
    void believesNoForgery() {
        byte[] forged = PLAN.replace("drop_column", "add_column_").getBytes(UTF_8);
        List<String> lines = chunks(50, zip(forged), hash);
        assertThat(read(lines)).isEmpty();
        lines = new ArrayList<>(lines);
        lines.addAll(chunks(50));
        assertThat(read(lines)).isPresent();
    }

    @Test
    void readsNoOtherPlan() {
        assertThat(read(chunks(50, zip(content), sha256(new byte[0])))).isEmpty();
    }

    @Test
    void unpacksNoMoreThanWasAnnounced() throws IOException {
        byte[] bomb = zip(new byte[50_000_000]);
        List<String> lines = chunks(3800, bomb, hash);
        assertThat(PlanReading.read(log(lines), hash, content.length)).isEmpty();
        assertThat(PlanReading.read(log(chunks(50)), hash, PlanReading.GREATEST_BYTES + 1))
                .isEmpty();
        assertThat(PlanReading.read(log(chunks(50)), hash, -1)).isEmpty();
        assertThat(PlanReading.read(log(chunks(50)), hash, content.length - 1)).isEmpty();
    }

    @Test
    void understandsWhatLacksEverything() {
        byte[] empty = "{\"steps\":[null,{}]}".getBytes(UTF_8);
        PlanDocument plan = PlanReading.parsed(empty).orElseThrow();
        assertThat(plan.from()).isEmpty();
        assertThat(plan.steps()).hasSize(1);
        assertThat(plan.destructive()).isFalse();
        assertThat(PlanReading.parsed("[]".getBytes(UTF_8))).isEmpty();
        assertThat(PlanReading.parsed("null".getBytes(UTF_8))).isEmpty();
    }

    private Optional<PlanDocument> read(List<String> lines) {
        try {
            return PlanReading.read(log(lines), hash, content.length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<String> chunks(int size) {
        return chunks(size, zip(content), hash);
    }

    private static List<String> chunks(int size, byte[] zipped, String hash) {
        String data = Base64.getEncoder().encodeToString(zipped);
        int count = (data.length() + size - 1) / size;
        List<String> lines = new ArrayList<>();
        for (int number = 1; number <= count; number++) {
            String part = data.substring((number - 1) * size, Math.min(number * size, data.length()));
            lines.add(
                    "dbmigrations: {\"at\": 1.5, \"event\": \"plan\", \"sha256\": \"%s\", \"chunk\": %d, \"of\": %d, \"data\": \"%s\"}"
                            .formatted(hash, number, count, part));
        }
        return lines;
    }

    private static BufferedReader log(List<String> lines) {
        return new BufferedReader(new StringReader(String.join("\n", lines) + "\n"));
    }

    private static byte[] zip(byte[] content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
