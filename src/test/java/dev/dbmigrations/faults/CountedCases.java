package dev.dbmigrations.faults;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Prints how many cases of a class ran. */
final class CountedCases implements AfterEachCallback, AfterAllCallback {

    private final AtomicInteger count = new AtomicInteger();

    @Override
    public void afterEach(ExtensionContext context) {
        count.incrementAndGet();
    }

    @Override
    public void afterAll(ExtensionContext context) {
        System.out.printf("%s: %d cases%n", context.getDisplayName(), count.get());
    }
}
