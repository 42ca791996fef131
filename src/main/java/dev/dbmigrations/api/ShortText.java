package dev.dbmigrations.api;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * Text of others made fit for people to read: short enough for where it goes, with a sign that something is left out, and
 * without what would steer a terminal or turn the order of the words around.
 */
public final class ShortText {

    private static final String MORE = "…";

    /** Controls but the end of a line and the tab; signs that change the direction of writing; halves of characters. */
    private static final Pattern UNSEEN = Pattern.compile(
            "[\\p{Cc}\\x{061C}\\x{200E}\\x{200F}\\x{2028}-\\x{202E}\\x{2066}-\\x{2069}\\p{Cs}&&[^\\n\\t]]");

    private ShortText() {}

    /** {@return the text with signs that would not be seen written out, as Java and JSON write them} */
    public static String plain(String text) {
        return UNSEEN.matcher(text)
                .replaceAll(sign -> "\\\\u%04x".formatted((int) sign.group().charAt(0)));
    }

    /** {@return the text, plain and in at most so many {@code char}s} */
    public static String ofLength(String text, int longest) {
        return cut(plain(text), longest);
    }

    private static String cut(String text, int longest) {
        if (text.length() <= longest) {
            return text;
        }
        int end = longest - MORE.length();
        return text.substring(0, Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end) + MORE;
    }

    /** {@return the text, plain and in at most so many bytes of UTF-8} */
    public static String ofBytes(String raw, int longest) {
        String text = plain(raw);
        if (bytes(text) <= longest) {
            return text;
        }
        int end = 0;
        int left = longest - bytes(MORE);
        while (left >= 0) {
            int next = text.offsetByCodePoints(end, 1);
            left -= bytes(text.substring(end, next));
            end = left >= 0 ? next : end;
        }
        return text.substring(0, end) + MORE;
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
