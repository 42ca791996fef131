package dev.dbmigrations.api;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializerProvider;
import java.io.IOException;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Durations as Kubernetes' users write them: {@code 500ms}, {@code 5s}, {@code 1m30s}, {@code 2h}. */
public final class DurationText {

    private static final Pattern UNIT = Pattern.compile("([0-9]{1,9})(ms|s|m|h)");

    private DurationText() {}

    /**
     * Reads a duration; null where the text is none. The CRD's pattern refuses such a text, and one that came in before
     * it did must not stop the informer.
     */
    public static @Nullable Duration parse(String text) {
        Matcher unit = UNIT.matcher(text);
        Duration sum = Duration.ZERO;
        int end = 0;
        while (end < text.length()) {
            if (!unit.find(end) || unit.start() != end) {
                return null;
            }
            sum = sum.plus(one(Long.parseLong(unit.group(1)), unit.group(2)));
            end = unit.end();
        }
        return end == 0 ? null : sum;
    }

    /** {@return the shortest text that {@link #parse} reads as this duration, to the millisecond} */
    public static String format(Duration duration) {
        if (duration.isZero()) {
            return "0s";
        }
        StringBuilder text = new StringBuilder();
        append(text, duration.toHours(), "h");
        append(text, duration.toMinutesPart(), "m");
        append(text, duration.toSecondsPart(), "s");
        append(text, duration.toMillisPart(), "ms");
        return text.toString();
    }

    private static void append(StringBuilder text, long amount, String unit) {
        if (amount > 0) {
            text.append(amount).append(unit);
        }
    }

    private static Duration one(long amount, String unit) {
        return switch (unit) {
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            default -> Duration.ofHours(amount);
        };
    }

    static final class Serializer extends JsonSerializer<Duration> {
        @Override
        public void serialize(Duration value, JsonGenerator out, SerializerProvider provider) throws IOException {
            out.writeString(format(value));
        }
    }

    static final class Deserializer extends JsonDeserializer<@Nullable Duration> {
        @Override
        public @Nullable Duration deserialize(JsonParser in, DeserializationContext context) throws IOException {
            return parse(in.getValueAsString(""));
        }
    }
}
