package dev.dbmigrations.api;

import java.nio.charset.StandardCharsets;

/** Text made short enough for where it goes, never in the middle of a character, with a sign that something is left out. */
public final class ShortText {

    private static final String MORE = "…";

    private ShortText() {}

    /** {@return the text, in at most so many {@code char}s} */
    public static String ofLength(String text, int longest) {
        if (text.length() <= longest) {
            return text;
        }
        int end = longest - MORE.length();
        return text.substring(0, Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end) + MORE;
    }

    /** {@return the text, in at most so many bytes of UTF-8} */
    public static String ofBytes(String text, int longest) {
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
