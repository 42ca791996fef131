package dev.dbmigrations.database;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How far a run is, as the {@code application_name} of its lock connection says. */
public sealed interface Progress {

    /** As {@code 3of12}. */
    Pattern STEPS = Pattern.compile("([0-9]{1,9})of([0-9]{1,9})");

    /** It waits for the database's lock. */
    record Waiting() implements Progress {}

    /** It holds the lock and executed so many steps of so many. */
    record Executed(int executed, int total) implements Progress {}

    /** {@return what the last part of the name says, if it says something} */
    static Optional<Progress> of(String text) {
        if (text.equals("waiting")) {
            return Optional.of(new Waiting());
        }
        Matcher steps = STEPS.matcher(text);
        return steps.matches()
                ? Optional.of(new Executed(Integer.parseInt(steps.group(1)), Integer.parseInt(steps.group(2))))
                : Optional.empty();
    }
}
