package dev.dbmigrations.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;

/** The operator's own image, built as users build it: from what Maven packaged, once per test JVM. */
public final class OperatorImage {

    public static final String REPOSITORY = "dbmigrations/operator";
    public static final String TAG = "test";

    private OperatorImage() {}

    private static final class Holder {
        static final String NAME = build();

        private static String build() {
            String name = REPOSITORY + ":" + TAG;
            String revision = succeed("git", "rev-parse", "HEAD").strip();
            succeed(
                    "docker",
                    "build",
                    "--build-arg",
                    "VERSION=" + TAG,
                    "--build-arg",
                    "REVISION=" + revision,
                    "--tag",
                    name,
                    ".");
            return name;
        }
    }

    /** {@return the image's name}; it is in the local Docker then. */
    public static String name() {
        return Holder.NAME;
    }

    /** {@return the same image under another tag: another version, as far as a chart can tell} */
    public static String again(String tag) {
        String other = REPOSITORY + ":" + tag;
        succeed("docker", "tag", name(), other);
        return other;
    }

    /** {@return what the image prints, run as the chart runs it}: read-only, without capabilities. */
    public static String run(List<String> options, String... arguments) {
        return succeed(Stream.of(
                        Stream.of("docker", "run", "--rm", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"),
                        options.stream(),
                        Stream.of(name()),
                        Stream.of(arguments))
                .flatMap(words -> words)
                .toArray(String[]::new));
    }

    /** {@return the value of one of the image's labels} */
    public static String label(String key) {
        return succeed("docker", "image", "inspect", "--format", "{{index .Config.Labels \"" + key + "\"}}", name())
                .strip();
    }

    private static String succeed(String... command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int status = process.waitFor();
            if (status != 0) {
                throw new AssertionError("%s ended with %d:%n%s".formatted(String.join(" ", command), status, output));
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
