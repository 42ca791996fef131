package dev.dbmigrations.reconcile;

import org.jspecify.annotations.NullMarked;

/** A promise that a simulated history broke. */
@NullMarked
final class Violation extends RuntimeException {

    private static final long serialVersionUID = 1L;

    Violation(String promise) {
        super(promise, null, false, false);
    }

    static void unless(boolean kept, String promise) {
        if (!kept) {
            throw new Violation(promise);
        }
    }
}
