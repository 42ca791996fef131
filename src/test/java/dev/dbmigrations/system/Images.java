package dev.dbmigrations.system;

import dev.dbmigrations.testing.Cluster;
import dev.dbmigrations.testing.OperatorImage;
import dev.dbmigrations.testing.TestImages;
import java.util.ArrayList;
import java.util.List;

/** The images of the tests. */
final class Images {

    /** The example that users copy, with a revision more that fails, and with that one mended. */
    static final String TRIGPOINTING = tagged("trigpointing-migrations");

    static final String TRIGPOINTING_FAILING = tagged("trigpointing-migrations-failing");
    static final String TRIGPOINTING_FIXED = tagged("trigpointing-migrations-fixed");

    /** Many small trees in folders; runs as root. */
    static final String TREES = TestImages.TREES;

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
        TestImages.build(TRIGPOINTING, "migrations-image");
        TestImages.build(TRIGPOINTING_FAILING, FIXTURES + "failing", "BASE=" + TRIGPOINTING);
        TestImages.build(TRIGPOINTING_FIXED, FIXTURES + "fixed", "BASE=" + TRIGPOINTING);
        TestImages.build(TREES, FIXTURES + "trees");
        TestImages.build(NAMED_USER, FIXTURES + "named-user", "BASE=" + TREES);
        List<String> published = List.of(WITHOUT_ALEMBIC, WITHOUT_PYTHON, POSTGRES);
        published.forEach(TestImages::pull);
        List<String> all = new ArrayList<>(published);
        all.addAll(List.of(
                OperatorImage.name(), TRIGPOINTING, TRIGPOINTING_FAILING, TRIGPOINTING_FIXED, TREES, NAMED_USER));
        cluster.importImages(all);
    }

    /** {@return an image that only installs what {@code images/pip/TREE.txt} lists, known to the cluster} */
    static String installed(String tree) {
        String image = tagged("pip-" + tree);
        TestImages.build(image, FIXTURES + "pip", "TREE=" + tree);
        Cluster.shared().importImages(List.of(image));
        return image;
    }

    /** {@return the test trees as an image of its own, whose tree shop lacks these revisions, known to the cluster} */
    static String variant(String name, String... without) {
        String image = tagged("test-trees-" + name);
        TestImages.build(
                image, FIXTURES + "variant", "BASE=" + TREES, "NAME=" + name, "WITHOUT=" + String.join(" ", without));
        Cluster.shared().importImages(List.of(image));
        return image;
    }
}
