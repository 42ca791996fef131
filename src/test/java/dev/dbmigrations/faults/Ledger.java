package dev.dbmigrations.faults;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What a database's revisions wrote down of themselves, in the order of their commits.
 *
 * @param rows what was rolled back has none
 */
record Ledger(List<Row> rows) {

    /**
     * One revision that was run.
     *
     * @param up whether by its {@code upgrade()}
     * @param pid the backend's
     * @param transaction its id
     * @param began when the transaction began
     * @param committed when it was committed
     */
    record Row(String revision, boolean up, int pid, String transaction, Instant began, Instant committed) {

        @Override
        public String toString() {
            return "%s of %s by backend %d in transaction %s, %s to %s"
                    .formatted(up ? "upgrade" : "downgrade", revision, pid, transaction, began, committed);
        }
    }

    /**
     * What was in the version table from a time on.
     *
     * @param revisions the row of a linear history; none where nothing was applied
     */
    record State(List<String> revisions, Instant since) {}

    /** {@return the states that somebody else could have seen, oldest first} The first one is of an empty database. */
    List<State> states() {
        List<State> states = new ArrayList<>(List.of(new State(List.of(), Instant.MIN)));
        for (int i = 0; i < rows.size(); i++) {
            boolean lastOfItsTransaction = i + 1 == rows.size()
                    || !rows.get(i + 1).transaction().equals(rows.get(i).transaction());
            if (lastOfItsTransaction) {
                states.add(new State(head(applied(i + 1)), rows.get(i).committed()));
            }
        }
        return states;
    }

    /** {@return what was in the version table at this time} */
    List<String> revisionsAt(Instant time) {
        return states().stream()
                .filter(state -> !state.since().isAfter(time))
                .toList()
                .getLast()
                .revisions();
    }

    /**
     * {@return one ledger of a database that lost its newest transactions}, as if they had been taken back.
     *
     * @param older what it has now: the older part of this, and what was done since
     * @param at when it lost them
     */
    Ledger takenBackTo(Ledger older, Instant at) {
        Set<Row> kept = Set.copyOf(older.rows());
        Stream<Row> lost = rows.reversed().stream()
                .filter(row -> !kept.contains(row))
                .map(row -> new Row(row.revision(), !row.up(), 0, "lost", at, at));
        Stream<Row> since = older.rows().stream().filter(row -> !rows.contains(row));
        return new Ledger(
                Stream.of(rows.stream(), lost, since).flatMap(all -> all).toList());
    }

    /** {@return the revisions that are applied after all this, in their order} */
    SequencedSet<String> applied() {
        return applied(rows.size());
    }

    /** {@return what is in the version table after all this} */
    List<String> revisions() {
        return head(applied());
    }

    private SequencedSet<String> applied(int ofRows) {
        SequencedSet<String> applied = new LinkedHashSet<>();
        for (Row row : rows.subList(0, ofRows)) {
            if (row.up()) {
                applied.add(row.revision());
            } else {
                applied.remove(row.revision());
            }
        }
        return applied;
    }

    private static List<String> head(SequencedSet<String> applied) {
        return applied.isEmpty() ? List.of() : List.of(applied.getLast());
    }
}
