package dev.dbmigrations.api;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Words of others in a status, an event or a log cannot steer the terminal that they are read on. */
class ShortTextTest {

    @Test
    void leavesTextAsItIs() {
        String text = "null value in column \"Größe\" of relation 'user', 日本 𝛑, <b>&amp;\n\tDETAIL: $(HOME) %s";

        assertThat(ShortText.plain(text)).isEqualTo(text);
        assertThat(ShortText.ofLength(text, 1000)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"1b", "07", "00", "0d", "7f", "9b", "061c", "200e", "2028", "202e", "2066", "d835", "ddd1"})
    void writesOutWhatWouldNotBeSeen(String code) {
        char sign = (char) Integer.parseInt(code, 16);

        assertThat(ShortText.plain("a" + sign + "[31mb"))
                .isEqualTo("a\\u" + "0".repeat(4 - code.length()) + code + "[31mb");
        assertThat(ShortText.ofBytes("x" + sign, 100)).isEqualTo("x\\u" + "0".repeat(4 - code.length()) + code);
    }

    @Test
    void cutsWithASignAndNeverInTheMiddleOfACharacter() {
        assertThat(ShortText.ofLength("abcdef", 4)).isEqualTo("abc…");
        assertThat(ShortText.ofLength("ab𝛑def", 4)).isEqualTo("ab…");
        assertThat(ShortText.ofBytes("äöü", 5)).isEqualTo("ä…");
        assertThat(ShortText.ofLength("\u001b".repeat(100), 20)).hasSize(20).doesNotContain("\u001b");
    }
}
