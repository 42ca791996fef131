package dev.dbmigrations.system;

import dev.dbmigrations.testing.Cluster;
import dev.dbmigrations.testing.OperatorImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The images of the tests, made by plain {@code docker build}: where nothing changed, its cache makes that quick. */
final class Images {

    /** The example that users copy, with a revision more that fails, and with that one mended. */
    static final String TRIGPOINTING = tagged("trigpointing-migrations");

    static final String TRIGPOINTING_FAILING = tagged("trigpointing-migrations-failing");
    static final String TRIGPOINTING_FIXED = tagged("trigpointing-migrations-fixed");

    /** Many small trees in folders; runs as root. */
    static final String TREES = tagged("test-trees");

    /** The same trees in an image whose user has a name. */
    static final String NAMED_USER = tagged("test-trees-named-user");

    static final String WITHOUT_ALEMBIC = "python:3.13-slim";
    static final String WITHOUT_PYTHON = "alpine:3.17";
    static final String POSTGRES = "postgres:17";

    private static final String FIXTURES = "src/test/resources/images/";

    private Images() {}

    private static String tagged(String name) {
        return "dbmigrations/" + name + ":system-test";
    }

    /** Builds all of the above and makes them known to the cluster. */
    static void provide(Cluster cluster) {
        build(TRIGPOINTING, "migrations-image");
        build(TRIGPOINTING_FAILING, FIXTURES + "failing", "BASE=" + TRIGPOINTING);
        build(TRIGPOINTING_FIXED, FIXTURES + "fixed", "BASE=" + TRIGPOINTING);
        build(TREES, FIXTURES + "trees");
        build(NAMED_USER, FIXTURES + "named-user", "BASE=" + TREES);
        List<String> published = List.of(WITHOUT_ALEMBIC, WITHOUT_PYTHON, POSTGRES);
        published.forEach(Images::pull);
        List<String> all = new ArrayList<>(published);
        all.addAll(List.of(
                OperatorImage.name(), TRIGPOINTING, TRIGPOINTING_FAILING, TRIGPOINTING_FIXED, TREES, NAMED_USER));
        cluster.importImages(all);
    }

    /** {@return an image that only installs what {@code images/pip/TREE.txt} lists, known to the cluster} */
    static String installed(String tree) {
        String image = tagged("pip-" + tree);
        build(image, FIXTURES + "pip", "TREE=" + tree);
        Cluster.shared().importImages(List.of(image));
        return image;
    }

    /** {@return the test trees as an image of its own, whose tree shop lacks these revisions, known to the cluster} */
    static String variant(String name, String... without) {
        String image = tagged("test-trees-" + name);
        build(image, FIXTURES + "variant", "BASE=" + TREES, "NAME=" + name, "WITHOUT=" + String.join(" ", without));
        Cluster.shared().importImages(List.of(image));
        return image;
    }

    private static void build(String image, String folder, String... arguments) {
        List<String> command = new ArrayList<>(List.of("docker", "build", "--quiet", "--tag", image));
        Arrays.stream(arguments).forEach(argument -> command.addAll(List.of("--build-arg", argument)));
        command.add(folder);
        run(command);
    }

    private static void pull(String image) {
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
