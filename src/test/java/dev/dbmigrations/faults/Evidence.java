package dev.dbmigrations.faults;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.faults.ApiWatch.Seen;
import dev.dbmigrations.faults.Sampler.Sample;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * All that is known of one case when it is over, and none of it by the operator's word.
 *
 * @param namespace the case's own
 * @param database what the database wrote down and what is in it
 * @param samples who held the runner's locks, all the time
 * @param versions each version of the resource that the API server showed
 * @param jobs each Job, as it was when it was made
 * @param calls what the operator asked of the API server
 * @param written everything that the operator wrote, and what its pods printed
 * @param remains the names of what is left in the namespace of Jobs, pods and plans
 * @param mayGoDown revisions that the user has asked to go down by
 * @param deletedAt when the user deleted the resource
 */
record Evidence(
        String namespace,
        InTheDatabase database,
        List<Sample> samples,
        List<Seen<DatabaseMigration>> versions,
        List<Seen<Job>> jobs,
        List<Call> calls,
        String written,
        List<String> remains,
        Set<String> mayGoDown,
        Optional<Instant> deletedAt) {

    /**
     * What a database says of itself.
     *
     * @param revisions the rows of the version table
     * @param tables those that are there
     * @param unexplained commands that changed the schema beside the revisions
     */
    record InTheDatabase(Ledger ledger, List<String> revisions, List<String> tables, List<String> unexplained) {

        /** @param ledger the database's own, with what it has lost */
        static InTheDatabase of(LedgerDatabase database, Ledger ledger) {
            return new InTheDatabase(ledger, database.revisions(), database.tables(), database.unexplainedCommands());
        }
    }
}
