package dev.dbmigrations.job;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Puts a plan together from the log of the pod that made it. env.py prints there, too, whatever it likes: a plan is
 * believed only where its hash is the one that the result document names.
 */
public final class PlanReading {

    /** A plan larger than this, uncompressed, is not read; it would fit into no ConfigMap a tenth as large. */
    public static final long GREATEST_BYTES = 8L << 20;

    static final String PREFIX = "dbmigrations: ";

    /** A chunk's line has at most half of this; what is longer was printed by somebody else. */
    private static final int GREATEST_LINE = 8192;

    private static final JsonMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private final String sha256;
    private final int bytes;
    private final SortedMap<Integer, String> chunks = new TreeMap<>();
    private long length;

    private PlanReading(String sha256, int bytes) {
        this.sha256 = sha256;
        this.bytes = bytes;
    }

    /** One line of a plan. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    private record Chunk(
            @Nullable String event,
            @Nullable String sha256,
            int chunk,
            int of,
            @Nullable String data) {}

    /**
     * {@return the plan in this log; empty where it is not there whole, or not the one that was named}
     *
     * @param sha256 of the document, as the termination message names it
     * @param bytes of the document, uncompressed
     * @throws IOException where the log cannot be read to its end
     */
    public static Optional<PlanDocument> read(BufferedReader log, String sha256, long bytes) throws IOException {
        return content(log, sha256, bytes).flatMap(PlanReading::parsed);
    }

    /** {@return the document's bytes under the same conditions} */
    public static Optional<byte[]> content(BufferedReader log, String sha256, long bytes) throws IOException {
        if (bytes < 0 || bytes > GREATEST_BYTES) {
            return Optional.empty();
        }
        PlanReading reading = new PlanReading(sha256, (int) bytes);
        for (String line = nextLine(log); line != null; line = nextLine(log)) {
            if (line.startsWith(PREFIX) && reading.completes(line.substring(PREFIX.length()))) {
                Optional<byte[]> whole = reading.whole();
                if (whole.isPresent()) {
                    return whole;
                }
            }
        }
        return reading.whole();
    }

    /** {@return the document, if it is one} */
    static Optional<PlanDocument> parsed(byte[] content) {
        try {
            return Optional.ofNullable(JSON.readValue(content, PlanDocument.class));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Takes a line, and tells whether it was the one that was missing. */
    private boolean completes(String line) {
        Chunk chunk;
        try {
            chunk = JSON.readValue(line, Chunk.class);
        } catch (IOException e) {
            return false;
        }
        if (chunk == null || !"plan".equals(chunk.event()) || !sha256.equals(chunk.sha256()) || chunk.data() == null) {
            return false;
        }
        // Text that compresses badly grows by a third, and by a few bytes for gzip itself.
        if (chunk.chunk() < 1
                || chunk.chunk() > chunk.of()
                || length + chunk.data().length() > 2L * bytes + 1024) {
            return false;
        }
        String before = chunks.put(chunk.chunk(), chunk.data());
        length += chunk.data().length() - (before == null ? 0 : before.length());
        return before == null && chunks.size() == chunk.of();
    }

    private Optional<byte[]> whole() {
        try (GZIPInputStream gzip = new GZIPInputStream(
                new ByteArrayInputStream(Base64.getDecoder().decode(String.join("", chunks.values()))))) {
            byte[] content = gzip.readNBytes(bytes + 1);
            return content.length == bytes && Sha256.of(content).equals(sha256)
                    ? Optional.of(content)
                    : Optional.empty();
        } catch (IOException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** {@return the next line, or its begin where it is too long to be ours; null at the end} */
    private static @Nullable String nextLine(BufferedReader log) throws IOException {
        StringBuilder line = new StringBuilder();
        int character = log.read();
        if (character < 0) {
            return null;
        }
        for (; character >= 0 && character != '\n'; character = log.read()) {
            if (line.length() < GREATEST_LINE) {
                line.append((char) character);
            }
        }
        return line.toString();
    }
}
