package dev.dbmigrations.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every seed, and every input that once was a finding. */
class CorpusTest {

    private static final Path CORPUS = Path.of("src/test/resources/fuzz");

    @TestFactory
    Stream<DynamicTest> holdsFor() throws IOException {
        return Stream.of(Target.values())
                .flatMap(target -> inputs(target).stream()
                        .map(file -> DynamicTest.dynamicTest(
                                target.folder() + "/" + file.getFileName(),
                                () -> target.accept(Files.readAllBytes(file)))));
    }

    @ParameterizedTest
    @EnumSource
    void eachTargetHasSeeds(Target target) {
        assertThat(inputs(target)).isNotEmpty();
    }

    private static List<Path> inputs(Target target) {
        try (Stream<Path> files = Files.list(CORPUS.resolve(target.folder()))) {
            return files.sorted().toList();
        } catch (IOException e) {
            throw new AssertionError(target + " has no folder of seeds", e);
        }
    }
}
