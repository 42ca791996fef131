package dev.dbmigrations.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Images made by plain {@code docker build}: where nothing changed, its cache makes that quick. */
public final class TestImages {

    /** Many small Alembic trees in folders; runs as root. Made from {@code images/trees}. */
    public static final String TREES = "dbmigrations/test-trees:system-test";

    private TestImages() {}

    /**
     * Builds one.
     *
     * @param folder with the Dockerfile
     * @param arguments of the build, each {@code NAME=value}
     */
    public static void build(String image, String folder, String... arguments) {
        List<String> command = new ArrayList<>(List.of("docker", "build", "--quiet", "--tag", image));
        Arrays.stream(arguments).forEach(argument -> command.addAll(List.of("--build-arg", argument)));
        command.add(folder);
        run(command);
    }

    /** Gives one that is here another name. */
    public static void tag(String image, String other) {
        run(List.of("docker", "tag", image, other));
    }

    /** Gets a published one, unless it is here. */
    public static void pull(String image) {
        if (end(List.of("docker", "image", "inspect", image)).status() != 0) {
            run(List.of("docker", "pull", image));
        }
    }

    private static void run(List<String> command) {
        End end = end(command);
        if (end.status() != 0) {
            throw new AssertionError(
                    "%s ended with %d:\n%s".formatted(String.join(" ", command), end.status(), end.output()));
        }
    }

    private record End(int status, String output) {}

    private static End end(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new End(process.waitFor(), output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
