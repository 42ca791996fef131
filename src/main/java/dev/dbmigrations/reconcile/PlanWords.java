package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.PlanStatus;
import dev.dbmigrations.api.PlanStatus.Step;
import dev.dbmigrations.api.Revisions;
import dev.dbmigrations.api.ShortText;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.List;

/** What the status says of a plan, for a person who has to decide on it. Pure. */
final class PlanWords {

    private static final int LONGEST_EXAMPLE = 120;

    private PlanWords() {}

    /** {@return what is there to be read} */
    static String shown(PlanStatus plan) {
        return "the plan has " + plan.inWords() + example(plan) + "; the SQL is in ConfigMap " + plan.configMap();
    }

    /** {@return the same, and the command that approves it} */
    static String awaiting(PlanStatus plan, ResourceID resource) {
        String manifest = "{\"apiVersion\":\"" + DatabaseMigration.GROUP + "/" + DatabaseMigration.VERSION
                + "\",\"kind\":\"MigrationApproval\",\"metadata\":{\"generateName\":\""
                + prefix(resource.getName()) + "-\",\"namespace\":\""
                + resource.getNamespace().orElse("") + "\"},\"spec\":{\"migration\":\"" + resource.getName()
                + "\",\"planHash\":\"" + plan.hash() + "\",\"approvedBy\":\"'\"$(kubectl auth whoami -o"
                + " jsonpath={.status.userInfo.username})\"'\"}}";
        return "plan " + plan.hash() + " waits for approval: it has " + plan.inWords() + example(plan)
                + "; the SQL is in ConfigMap " + plan.configMap() + "; to approve it: echo '" + manifest
                + "' | kubectl create -f -";
    }

    /** The first thing that would be lost. */
    private static String example(PlanStatus plan) {
        return plan.steps().stream()
                .filter(step -> !step.destroys().isEmpty())
                .findFirst()
                .map(step -> " (" + ShortText.ofLength(named(step), LONGEST_EXAMPLE) + ")")
                .orElse("");
    }

    private static String named(Step step) {
        return step.revision() + ": " + step.destroys().getFirst();
    }

    /** {@return what a running plan does} */
    static String planning(String job, List<String> from, String target) {
        return "Job " + job + " renders what would bring the database from " + Revisions.named(from) + " to " + target
                + ", and runs nothing";
    }

    /** An object's name with the digits that the API server adds is no longer than a name may be. */
    private static String prefix(String name) {
        return (name.length() <= 50 ? name : name.substring(0, 50)).replaceAll("[-.]+$", "");
    }
}
