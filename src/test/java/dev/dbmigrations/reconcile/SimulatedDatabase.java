package dev.dbmigrations.reconcile;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** A database with a linear history of revisions r1 … r5, of which it has the first so many. */
@NullMarked
final class SimulatedDatabase {

    static final int HEAD = 5;

    /** This revision works in autocommit: interrupted, it leaves something behind without a row (rule 10). */
    static final int AUTOCOMMIT = 3;

    boolean reachable = true;
    int at;
    /** Something of {@link #AUTOCOMMIT} is there without its row, and no person has looked at it. */
    boolean halfDone;

    @Nullable
    SimulatedAttempt lock;

    /** A run of another resource has it. */
    boolean lockedBySomebody;

    private final List<Runnable> watchers = new ArrayList<>();

    void somebodyTakesOrLeavesTheLock() {
        lockedBySomebody = !lockedBySomebody && lock == null;
    }

    void onMove(Runnable watcher) {
        watchers.add(watcher);
    }

    void moveTo(int revision) {
        at = revision;
        watchers.forEach(Runnable::run);
    }

    /** {@return how many revisions an image contains: v3 those up to r3} */
    static int known(String image) {
        return Integer.parseInt(image.substring(1));
    }

    /** {@return the rows of a database at that place in the history} */
    static List<String> rows(int at) {
        return at == 0 ? List.of() : List.of("r" + at);
    }

    /** {@return where a database with these rows is} */
    static int at(List<String> rows) {
        return rows.isEmpty() ? 0 : Integer.parseInt(rows.getFirst().substring(1));
    }

    static String target(List<String> resolved) {
        return target(at(resolved));
    }

    /** {@return the target of a spec at that place} */
    static String target(int at) {
        return at == 0 ? "base" : "r" + at;
    }

    /** {@return the place that a target means in an image} */
    static int place(String target, String image) {
        return switch (target) {
            case "base" -> 0;
            case "head" -> known(image);
            default -> Integer.parseInt(target.substring(1));
        };
    }
}
