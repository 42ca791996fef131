package dev.dbmigrations.fuzz;

import java.util.Locale;

/** What Jazzer calls, by these names; its argument is the target. */
public final class Fuzzing {

    private static Target target = Target.SECRET;

    private Fuzzing() {}

    public static void fuzzerInitialize(String[] arguments) {
        target = Target.valueOf(arguments[0].toUpperCase(Locale.ROOT));
    }

    public static void fuzzerTestOneInput(byte[] input) {
        target.accept(input);
    }
}
