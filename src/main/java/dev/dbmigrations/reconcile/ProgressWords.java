package dev.dbmigrations.reconcile;

import dev.dbmigrations.database.Progress.Blocker;
import dev.dbmigrations.database.Progress.Executed;
import dev.dbmigrations.database.Progress.IndexBuild;
import java.time.temporal.ChronoUnit;

/** How far a run is, in words. Pure. */
final class ProgressWords {

    private ProgressWords() {}

    /** {@return how many steps it has executed, which one is in progress, and what that one waits for or builds} */
    static String of(Executed executed) {
        StringBuilder said = new StringBuilder(executed.executed() + " of " + executed.total() + " revisions executed");
        executed.revision()
                .filter(revision -> executed.executed() < executed.total())
                .ifPresent(revision -> said.append(", now ").append(revision));
        executed.waitsFor().ifPresent(blocker -> said.append("; it waits for ").append(of(blocker)));
        executed.building().ifPresent(build -> said.append("; ").append(of(build)));
        return said.toString();
    }

    /** {@return the lock, and who has it} */
    static String of(Blocker blocker) {
        String lock = blocker.table().map(table -> "a lock on " + table).orElse("a lock");
        String name = blocker.applicationName().isEmpty() ? "" : " (" + blocker.applicationName() + ")";
        String since = blocker.queryStart()
                .map(start -> ", whose statement began at " + start.truncatedTo(ChronoUnit.SECONDS))
                .orElse("");
        return lock + " that session " + blocker.pid() + name + " has" + since;
    }

    private static String of(IndexBuild build) {
        return "index on " + build.table() + ": " + build.phase()
                + build.percent().map(ProgressWords::roughly).orElse("");
    }

    /** To ten percent, so that the status is not written with every reading. */
    private static String roughly(int percent) {
        return ", " + percent / 10 * 10 + " %";
    }
}
