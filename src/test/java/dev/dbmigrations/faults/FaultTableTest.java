package dev.dbmigrations.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What {@code docs/reliability.md} names as a test is one, and no fault of the 42 is left out there. */
class FaultTableTest {

    private static final Path JAVA = Path.of("src/test/java");
    private static final Path PYTHON = Path.of("src/test/python");

    /** A class, with a method or with words of its source that name a case; or a file of Python, with a function. */
    private static final Pattern TEST =
            Pattern.compile("`(?<type>[A-Z]\\w*[a-z](?:IT|Test))(?:#(?<method>\\w+)|\\[(?<words>[^]]+)])?`"
                    + "|`(?<file>test_\\w+\\.py)(?:::(?<function>test_\\w+))?`");

    @Test
    void eachOf42FaultsIsPlayedOrExplained() throws IOException {
        List<String> rows =
                page().lines().filter(line -> line.matches("\\| F\\d+ \\|.*")).toList();

        assertThat(rows)
                .extracting(row -> row.split("\\|", -1)[1].strip())
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, 42).mapToObj(i -> "F" + i).toList());
        assertThat(rows).allSatisfy(row -> {
            assertThat(row.split("\\|", -1)).as("cells").hasSize(6);
            assertThat(TEST.matcher(row).find() || row.contains("does not apply"))
                    .as("a test, or why there is none")
                    .isTrue();
        });
    }

    @Test
    void eachTestThatIsNamedIsThere() throws IOException {
        List<String> missing = new ArrayList<>();
        Matcher test = TEST.matcher(page());
        while (test.find()) {
            if (!isThere(test)) {
                missing.add(test.group());
            }
        }
        assertThat(missing).isEmpty();
    }

    private static boolean isThere(Matcher test) throws IOException {
        if (test.group("file") != null) {
            Path file = PYTHON.resolve(test.group("file"));
            String function = test.group("function");
            return Files.exists(file)
                    && (function == null || Files.readString(file).contains("def " + function + "("));
        }
        Optional<String> source = source(test.group("type"));
        return source.isPresent()
                && (test.group("method") == null || source.get().contains(" " + test.group("method") + "("))
                && (test.group("words") == null || source.get().contains(test.group("words")));
    }

    private static Optional<String> source(String type) throws IOException {
        try (Stream<Path> files = Files.walk(JAVA)) {
            return files.filter(file -> file.endsWith(type + ".java"))
                    .findFirst()
                    .map(FaultTableTest::read);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String page() throws IOException {
        return Files.readString(Path.of("docs/reliability.md"));
    }
}
