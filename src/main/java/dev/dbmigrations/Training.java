package dev.dbmigrations;

import dev.dbmigrations.Main.Configuration;

/** Does once what a start does, without a cluster, so that the image's AOT cache knows the classes. */
final class Training {

    private Training() {}

    static void run(Configuration configuration) {
        throw new UnsupportedOperationException("not yet: " + configuration);
    }
}
