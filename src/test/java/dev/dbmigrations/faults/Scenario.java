package dev.dbmigrations.faults;

import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.Reason;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;

/**
 * What a user does, start to end. It waits for what the API server and the database say, and does not know how often the
 * operator dies meanwhile.
 *
 * @param name in the tests' names
 * @param atHead whether the database has all revisions before
 * @param mayGoDown the revisions that the user asks to go down by
 * @param script the user
 */
record Scenario(String name, boolean atHead, Set<String> mayGoDown, Consumer<Stage> script) {

    private static final String EACH_BY_ITSELF =
            "alembic: {workingDir: /trees/ledger, arguments: [transaction=each]}\n";
    static final String LEDGER = "alembic: {workingDir: /trees/ledger}\n";
    static final String BROKEN = "alembic: {workingDir: /trees/broken}\n";

    static final Scenario UPGRADE = new Scenario("upgrade", false, Set.of(), stage -> {
        stage.create("targetRevision: head\n" + LEDGER);
        stage.awaitReason(Reason.AtTarget);
    });

    static final Scenario DOWNGRADE = new Scenario("downgrade", true, Set.of(Trees.SECOND, Trees.THIRD), stage -> {
        stage.create("targetRevision: " + Trees.THIRD + "\n" + LEDGER);
        stage.awaitReason(Reason.AtTarget);
        stage.change("targetRevision: " + Trees.FIRST);
        stage.awaitReason(Reason.AtTarget);
    });

    static final Scenario FAILURE_AND_MEND = new Scenario("failure and mend", false, Set.of(), stage -> {
        stage.create("targetRevision: head\n" + BROKEN);
        stage.awaitReason(Reason.MigrationFailed);
        stage.change(LEDGER);
        stage.awaitReason(Reason.AtTarget);
    });

    static final Scenario CHANGE_IN_MID_RUN =
            new Scenario("change of spec in mid-run", false, Set.of(Trees.SECOND, Trees.THIRD), stage -> {
                stage.database().closeTheGate();
                stage.create("targetRevision: head\n" + EACH_BY_ITSELF);
                stage.awaitSomeoneAtTheGate();
                stage.change("targetRevision: " + Trees.FIRST);
                stage.database().openTheGate();
                stage.awaitReason(Reason.AtTarget);
            });

    static final Scenario APPROVAL = new Scenario("approval", false, Set.of(), stage -> {
        stage.create("targetRevision: head\napproval: Always\n" + LEDGER);
        DatabaseMigrationStatus waiting = stage.awaitReason(Reason.AwaitingApproval);
        stage.approve(Objects.requireNonNull(waiting.plan()).hash());
        stage.awaitReason(Reason.AtTarget);
    });

    static final Scenario ROLLBACK =
            new Scenario("rollback by remembered image", true, Set.of(Trees.SECOND, Trees.THIRD), stage -> {
                stage.create("targetRevision: " + Trees.THIRD + "\n" + LEDGER);
                stage.awaitReason(Reason.AtTarget);
                stage.change("image: %s\ntargetRevision: %s\n".formatted(Trees.OLDER_IMAGE, Trees.FIRST));
                stage.awaitReason(Reason.AtTarget);
            });

    static final Scenario DELETION = new Scenario("deletion", false, Set.of(), stage -> {
        stage.database().closeTheGate();
        stage.create("targetRevision: head\n" + EACH_BY_ITSELF);
        stage.awaitSomeoneAtTheGate();
        stage.deleteAndAwaitTheEnd();
    });

    static final List<Scenario> ALL =
            List.of(UPGRADE, DOWNGRADE, FAILURE_AND_MEND, CHANGE_IN_MID_RUN, APPROVAL, ROLLBACK, DELETION);

    @Override
    public String toString() {
        return name;
    }
}
