package dev.dbmigrations.faults;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.faults.ApiWatch.Seen;
import dev.dbmigrations.faults.Ledger.Row;
import dev.dbmigrations.faults.Ledger.State;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Says what of a case was not as it is promised, whatever was done to the operator meanwhile: S1 to S10. */
final class Oracle {

    /** The watch shows a version this much later than it was written, at most. */
    private static final Duration LATE = Duration.ofSeconds(1);

    /** So many finished Jobs are kept for their logs, beside one that runs. */
    private static final int MOST_JOBS = 4;

    private final Evidence seen;

    private Oracle(Evidence seen) {
        this.seen = seen;
    }

    /** {@return a sentence for each violation; none when all is well} */
    static List<String> violations(Evidence seen) {
        Oracle oracle = new Oracle(seen);
        return Stream.of(
                        oracle.mutualExclusion(),
                        oracle.atMostOnce(),
                        oracle.statusHonesty(),
                        oracle.direction(),
                        oracle.boundary(),
                        oracle.noSecretLeaves(),
                        oracle.deletionIsInert(),
                        oracle.confinement(),
                        oracle.nothingToDoIsNothingDone(),
                        oracle.noLeaks())
                .flatMap(Function.identity())
                .toList();
    }

    /** S1: at most one process is inside a migration. */
    private Stream<String> mutualExclusion() {
        List<Row> rows = seen.database().ledger().rows();
        Stream<String> atOnce = seen.samples().stream()
                .filter(sample -> sample.runs().size() > 1)
                .map(sample -> "S1: at %s the runs %s were at work at once: %s"
                        .formatted(sample.at(), sample.runs(), sample.holders()))
                .limit(1);
        Stream<String> overlaps = rows.stream()
                .flatMap(one -> rows.stream()
                        .filter(other -> one.pid() != other.pid()
                                && !one.began().isAfter(other.began())
                                && one.committed().isAfter(other.began()))
                        .map(other -> "S1: the %s overlaps the %s".formatted(one, other)));
        return Stream.concat(atOnce, overlaps);
    }

    /** S2: along a path each upgrade commits at most once, and so does each downgrade. */
    private Stream<String> atMostOnce() {
        List<String> violations = new ArrayList<>();
        Set<String> applied = new TreeSet<>();
        for (Row row : seen.database().ledger().rows()) {
            boolean changed = row.up() ? applied.add(row.revision()) : applied.remove(row.revision());
            if (!changed) {
                violations.add("S2: the %s came when %s were applied".formatted(row, applied));
            }
        }
        return violations.stream();
    }

    /** S3: what a status says of the database was so, and in this order. */
    private Stream<String> statusHonesty() {
        List<String> violations = new ArrayList<>();
        List<State> states = seen.database().ledger().states();
        int reached = 0;
        for (Seen<DatabaseMigration> version : seen.versions()) {
            DatabaseMigrationStatus status = version.object().getStatus();
            List<String> said = status == null ? null : status.currentRevisions();
            if (said == null) {
                continue;
            }
            int at = firstFrom(reached, states, said);
            if (at < 0 || states.get(at).since().isAfter(version.at())) {
                violations.add("S3: at %s the status said %s, and until then the database was at %s"
                        .formatted(version.at(), said, states));
            } else {
                reached = at;
            }
            if (isReady(version.object()) && !isTrueOf(version, said)) {
                violations.add("S3: at %s Ready was True with %s for target %s, and the database was at %s"
                        .formatted(
                                version.at(),
                                said,
                                version.object().getSpec().targetRevision(),
                                revisionsAt(version.at())));
            }
        }
        return violations.stream();
    }

    private static int firstFrom(int start, List<State> states, List<String> revisions) {
        for (int i = start; i < states.size(); i++) {
            if (states.get(i).revisions().equals(revisions)) {
                return i;
            }
        }
        return -1;
    }

    private static boolean isReady(DatabaseMigration resource) {
        DatabaseMigrationStatus status = resource.getStatus();
        return Objects.equals(
                        status.observedGeneration(), resource.getMetadata().getGeneration())
                && status.condition("Ready")
                        .filter(ready -> ready.getStatus().equals("True"))
                        .isPresent();
    }

    private boolean isTrueOf(Seen<DatabaseMigration> version, List<String> said) {
        return said.equals(Trees.resolved(version.object().getSpec()))
                && (said.equals(revisionsAt(version.at()))
                        || said.equals(revisionsAt(version.at().minus(LATE))));
    }

    private List<String> revisionsAt(Instant time) {
        return seen.database().ledger().revisionsAt(time);
    }

    /** S4: nothing goes down unless the user has asked for it. */
    private Stream<String> direction() {
        return seen.database().ledger().rows().stream()
                .filter(row -> !row.up() && !seen.mayGoDown().contains(row.revision()))
                .map(row -> "S4: nobody has asked for the %s".formatted(row));
    }

    /** S5: the database is at a revision's boundary. */
    private Stream<String> boundary() {
        Evidence.InTheDatabase database = seen.database();
        Set<String> tables = new TreeSet<>(database.ledger().applied());
        if (database.tables().contains("alembic_version")) {
            tables.add("alembic_version");
        }
        return Stream.of(
                        unless(
                                database.revisions().equals(database.ledger().revisions()),
                                "S5: the version table says %s, and %s were run"
                                        .formatted(
                                                database.revisions(),
                                                database.ledger().applied())),
                        unless(
                                Set.copyOf(database.tables()).equals(tables),
                                "S5: the tables are %s, and the revisions that were run make %s"
                                        .formatted(database.tables(), tables)),
                        unless(
                                database.unexplained().isEmpty(),
                                "S5: no revision explains %s".formatted(database.unexplained())))
                .flatMap(Optional::stream);
    }

    /** S6: no credential shows anywhere. */
    private Stream<String> noSecretLeaves() {
        String password = LedgerServer.PASSWORD;
        return Stream.of(
                        password,
                        URLEncoder.encode(password, StandardCharsets.UTF_8),
                        Base64.getEncoder().encodeToString(password.getBytes(StandardCharsets.UTF_8)))
                .filter(seen.written()::contains)
                .limit(1)
                .map(form -> "S6: the password shows in what was written");
    }

    /** S7: a deletion changes no database. */
    private Stream<String> deletionIsInert() {
        return seen.deletedAt().stream()
                .flatMap(deleted -> seen.database().ledger().rows().stream()
                        .filter(row -> row.began().isAfter(deleted))
                        .map(row ->
                                "S7: the resource was deleted at %s, and then came the %s".formatted(deleted, row)));
    }

    /** S8: a resource causes nothing outside of its namespace. */
    private Stream<String> confinement() {
        return seen.calls().stream()
                .filter(call -> !call.kind().isEmpty() && !call.namespace().equals(seen.namespace()))
                .map(call ->
                        "S8: %s %s is not of namespace %s".formatted(call.method(), call.path(), seen.namespace()));
    }

    /** S9: where the database is at the target, there is no Job; but what {@code head} means, only a Job can say. */
    private Stream<String> nothingToDoIsNothingDone() {
        return seen.jobs().stream()
                .filter(job -> idAskedFor(job)
                        .filter(target -> target.equals(revisionsAt(job.at())))
                        .isPresent())
                .map(job -> "S9: Job %s was made at %s, when the database was at its target already"
                        .formatted(job.object().getMetadata().getName(), job.at()));
    }

    /** {@return the id that the Job's generation asks for, if it is one} */
    private Optional<List<String>> idAskedFor(Seen<Job> job) {
        String generation = job.object().getMetadata().getLabels().get(DatabaseMigration.GROUP + "/generation");
        return seen.versions().stream()
                .map(Seen::object)
                .filter(version ->
                        version.getMetadata().getGeneration().toString().equals(generation))
                .findFirst()
                .filter(version -> !version.getSpec().targetRevision().equals("head"))
                .map(version -> Trees.resolved(version.getSpec()));
    }

    /** S10: nothing stays behind, and histories are bounded. */
    private Stream<String> noLeaks() {
        Set<String> owners = seen.versions().stream()
                .map(version -> version.object().getMetadata().getUid())
                .collect(Collectors.toSet());
        Stream<String> notOwned = seen.jobs().stream()
                .map(Seen::object)
                .filter(job -> job.getMetadata().getOwnerReferences().stream()
                        .noneMatch(owner -> owners.contains(owner.getUid())))
                .map(job -> "S10: nobody owns Job " + job.getMetadata().getName());
        boolean few =
                seen.deletedAt().isPresent() ? seen.remains().isEmpty() : count(seen.remains(), "jobs/") <= MOST_JOBS;
        return Stream.concat(notOwned, unless(few, "S10: there are still " + seen.remains()).stream());
    }

    private static long count(Collection<String> names, String prefix) {
        return names.stream().filter(name -> name.startsWith(prefix)).count();
    }

    private static Optional<String> unless(boolean holds, String violation) {
        return holds ? Optional.empty() : Optional.of(violation);
    }
}
