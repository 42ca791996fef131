package dev.dbmigrations.faults;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.faults.ApiWatch.Seen;
import java.util.stream.Collectors;

/** What happened in a case, for whoever has to find out why. */
final class Account {

    private Account() {}

    static String of(Evidence evidence) {
        String statuses = evidence.versions().stream().map(Account::line).collect(Collectors.joining("\n"));
        String jobs = evidence.jobs().stream()
                .map(job -> job.at() + " " + job.object().getMetadata().getName() + " "
                        + job.object().getMetadata().getLabels())
                .collect(Collectors.joining("\n"));
        return "%s\n-- statuses\n%s\n-- Jobs\n%s\n-- ledger\n%s\n-- remains\n%s"
                .formatted(
                        evidence.namespace(),
                        statuses,
                        jobs,
                        evidence.database().ledger(),
                        evidence.remains());
    }

    private static String line(Seen<DatabaseMigration> version) {
        DatabaseMigration resource = version.object();
        DatabaseMigrationStatus status = resource.getStatus();
        return "%s generation %d: observed %s, current %s, %s, attempt %s"
                .formatted(
                        version.at(),
                        resource.getMetadata().getGeneration(),
                        status.observedGeneration(),
                        status.currentRevisions(),
                        status.condition("Ready")
                                .map(ready -> ready.getReason() + " (" + ready.getMessage() + ")")
                                .orElse(""),
                        status.attempt());
    }
}
