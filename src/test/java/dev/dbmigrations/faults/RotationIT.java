package dev.dbmigrations.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.PlanStatus;
import dev.dbmigrations.api.Reason;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Passwords that change while something is under way. */
@Execution(ExecutionMode.CONCURRENT)
@ExtendWith(CountedCases.class)
class RotationIT {

    @Test
    void asksForThePasswordThatIsNewSinceThePlan() {
        End end = DatabaseFaultsIT.play(stage -> {
            rotate(stage, "the-first-one");
            stage.credentials(credentials(stage, "the-first-one"));
            stage.create(DatabaseFaultsIT.UP + "approval: Always\n");
            PlanStatus plan = Objects.requireNonNull(
                    stage.awaitReason(Reason.AwaitingApproval).plan());

            rotate(stage, "the-second-one");
            stage.approve(plan.hash());
            stage.awaitReason(Reason.CredentialsRefused);
            assertThat(stage.database().tables()).isEmpty();

            stage.credentials(credentials(stage, "the-second-one"));
            stage.awaitReason(Reason.AtTarget);
        });
        assertThat(end).usingRecursiveComparison().ignoringFields("jobs").isEqualTo(DatabaseFaultsIT.upgradedBy(2));
    }

    @Test
    void finishesWithTheOldPasswordWhatRunsAndBeginsTheNextWithTheNewOne() {
        End end = DatabaseFaultsIT.play(Set.of(Trees.SECOND, Trees.THIRD), false, stage -> {
            rotate(stage, "the-first-one");
            stage.credentials(credentials(stage, "the-first-one"));
            stage.database().closeTheGate();
            stage.create(DatabaseFaultsIT.UP_ONE_BY_ONE.replace("head", Trees.THIRD));
            stage.awaitSomeoneAtTheGate();

            rotate(stage, "the-second-one");
            stage.credentials(credentials(stage, "the-second-one"));
            stage.database().openTheGate();
            stage.awaitReason(Reason.AtTarget);
            assertThat(stage.jobsMade()).hasSize(1);

            stage.change("targetRevision: " + Trees.FIRST);
            stage.awaitReason(Reason.AtTarget);
        });
        assertThat(end.revisions()).isEqualTo(List.of(Trees.FIRST));
        assertThat(end.jobs()).isEqualTo(2);
    }

    /** Gives the database an owner of its own with this password, or its owner this password. */
    private static void rotate(Stage stage, String password) {
        stage.database().run("""
                DO $$ BEGIN
                  CREATE ROLE "%1$s" IN ROLE %2$s;
                EXCEPTION WHEN duplicate_object THEN NULL; END $$;
                ALTER ROLE "%1$s" LOGIN PASSWORD '%3$s';
                ALTER DATABASE "%1$s" OWNER TO "%1$s\"""".formatted(stage.namespace(), LedgerServer.ROLE, password));
    }

    private static Map<String, String> credentials(Stage stage, String password) {
        Map<String, String> parts = new HashMap<>(stage.database().credentials());
        parts.put("user", stage.namespace());
        parts.put("password", password);
        return parts;
    }
}
