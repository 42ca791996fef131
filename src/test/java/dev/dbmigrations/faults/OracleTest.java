package dev.dbmigrations.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.faults.ApiWatch.Seen;
import dev.dbmigrations.faults.Evidence.InTheDatabase;
import dev.dbmigrations.faults.Ledger.Row;
import dev.dbmigrations.faults.Sampler.Holder;
import dev.dbmigrations.faults.Sampler.Sample;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the oracle is for: each promise that is broken here must be found by it. */
class OracleTest {

    private static final Instant START = Instant.parse("2026-11-01T12:00:00Z");

    private final List<Row> rows = new ArrayList<>();
    private final List<Sample> samples = new ArrayList<>();
    private final List<Seen<DatabaseMigration>> versions = new ArrayList<>();
    private final List<Seen<Job>> jobs = new ArrayList<>();
    private final List<Call> calls = new ArrayList<>();
    private List<String> versionTable = List.of(Trees.SECOND);
    private List<String> tables = List.of("alembic_version", Trees.FIRST, Trees.SECOND);
    private List<String> unexplained = List.of();
    private List<String> remains = List.of("jobs/shop-1", "pods/shop-1-x", "configmaps/runner");
    private String written = "nothing secret";
    private Set<String> mayGoDown = Set.of();
    private Optional<Instant> deletedAt = Optional.empty();

    /** From nothing to the second revision, by one Job. */
    @BeforeEach
    void allIsWell() {
        versions.add(version(0, "[]", "False", "Applying"));
        jobs.add(new Seen<>(job("uid-of-shop"), at(1)));
        call("POST", "/apis/batch/v1/namespaces/shop-ns/jobs");
        samples.add(sample(3, new Holder("uid/1", 7, true), new Holder("uid/1", 8, false)));
        rows.add(new Row(Trees.FIRST, true, 8, "100", at(2), at(5)));
        rows.add(new Row(Trees.SECOND, true, 8, "100", at(2), at(5)));
        versions.add(version(6, "[r2_second]", "True", "AtTarget"));
    }

    @Test
    void findsNothingWhereAllIsWell() {
        assertThat(violations()).isEmpty();
    }

    @Test
    void findsTwoRunsAtWorkAtOnce() {
        samples.add(sample(4, new Holder("uid/1", 8, false), new Holder("uid/2", 9, false)));
        assertThat(violations()).singleElement().asString().startsWith("S1: ").contains("uid/1", "uid/2");
    }

    @Test
    void findsTransactionsThatOverlap() {
        mayGoDown = Set.of(Trees.SECOND);
        rows.add(new Row(Trees.SECOND, false, 9, "101", at(4), at(6)));
        rows.add(new Row(Trees.SECOND, true, 9, "102", at(6), at(6)));
        assertThat(violations()).isNotEmpty().allMatch(found -> found.startsWith("S1: "));
    }

    /** The database forgot a revision, which is run again: no violation of anything. */
    @Test
    void knowsWhatADatabaseHasLost() {
        versions.add(version(8, "[r1_first]", "False", "Applying"));
        versions.add(version(10, "[r2_second]", "True", "AtTarget"));
        Ledger now = new Ledger(List.of(rows.getFirst(), new Row(Trees.SECOND, true, 9, "90", at(8), at(9))));
        Ledger whole = new Ledger(List.copyOf(rows)).takenBackTo(now, at(7));
        rows.clear();
        rows.addAll(whole.rows());
        mayGoDown = Set.of(Trees.SECOND);
        assertThat(violations()).isEmpty();
        assertThat(whole.revisionsAt(at(7))).containsExactly(Trees.FIRST);
        assertThat(whole.revisions()).containsExactly(Trees.SECOND);
    }

    @Test
    void findsARevisionThatWasRunTwice() {
        rows.add(new Row(Trees.SECOND, true, 9, "101", at(6), at(7)));
        assertThat(violations()).singleElement().asString().startsWith("S2: ").contains("transaction 101");
    }

    @Test
    void findsAStatusThatWasNeverTrue() {
        versions.add(1, version(2, "[r3_third]", "False", "Applying"));
        assertThat(violations()).singleElement().asString().startsWith("S3: ").contains("[r3_third]");
    }

    @Test
    void findsAStatusThatGoesBackInTime() {
        versions.add(version(7, "[]", "False", "Applying"));
        assertThat(violations()).singleElement().asString().startsWith("S3: ");
    }

    @Test
    void findsAStatusThatKnowsTooMuchTooEarly() {
        versions.add(1, version(4, "[r2_second]", "False", "Applying"));
        assertThat(violations()).singleElement().asString().startsWith("S3: ");
    }

    @Test
    void findsReadyOnTheWay() {
        versions.add(1, version(2, "[]", "True", "AtTarget"));
        assertThat(violations()).singleElement().asString().startsWith("S3: ").contains("Ready was True");
    }

    @Test
    void findsADowngradeThatNobodyAskedFor() {
        rows.add(new Row(Trees.SECOND, false, 9, "101", at(7), at(8)));
        versionTable = List.of(Trees.FIRST);
        tables = List.of("alembic_version", Trees.FIRST);
        assertThat(violations()).singleElement().asString().startsWith("S4: ");
    }

    @Test
    void findsADatabaseBetweenTwoRevisions() {
        tables = List.of("alembic_version", Trees.FIRST, Trees.SECOND, Trees.THIRD);
        assertThat(violations()).singleElement().asString().startsWith("S5: ").contains("tables");
        tables = List.of("alembic_version", Trees.FIRST, Trees.SECOND);
        versionTable = List.of(Trees.FIRST);
        assertThat(violations()).singleElement().asString().startsWith("S5: ").contains("version table");
        versionTable = List.of(Trees.SECOND);
        unexplained = List.of("DROP TABLE");
        assertThat(violations()).singleElement().asString().startsWith("S5: ").contains("DROP TABLE");
    }

    @Test
    void findsThePasswordInEveryForm() {
        written = "uri: " + LedgerServer.PASSWORD;
        assertThat(violations()).singleElement().asString().startsWith("S6: ");
        written = "cGFzcy1vZi10aGUtbWlncmF0b3I=";
        assertThat(violations()).singleElement().asString().startsWith("S6: ");
    }

    @Test
    void findsADeletionThatChangesTheDatabase() {
        deletedAt = Optional.of(at(1));
        remains = List.of();
        assertThat(violations()).isNotEmpty().allMatch(found -> found.startsWith("S7: "));
    }

    @Test
    void findsARequestThatLeavesTheNamespace() {
        call("GET", "/api/v1/namespaces/others/secrets/theirs");
        assertThat(violations()).singleElement().asString().startsWith("S8: ").contains("others");
    }

    @Test
    void findsAJobThatHadNothingToDo() {
        jobs.add(new Seen<>(job("uid-of-shop"), at(7)));
        assertThat(violations()).singleElement().asString().startsWith("S9: ");
    }

    @Test
    void findsWhatStaysBehind() {
        deletedAt = Optional.of(at(9));
        assertThat(violations()).singleElement().asString().startsWith("S10: ").contains("pods/shop-1-x");
        deletedAt = Optional.empty();
        remains = List.of("jobs/1", "jobs/2", "jobs/3", "jobs/4", "jobs/5");
        assertThat(violations()).singleElement().asString().startsWith("S10: ");
        remains = List.of();
        jobs.set(0, new Seen<>(job("uid-of-nobody"), at(1)));
        assertThat(violations()).singleElement().asString().startsWith("S10: nobody owns Job shop-1");
    }

    private List<String> violations() {
        return Oracle.violations(new Evidence(
                "shop-ns",
                new InTheDatabase(new Ledger(rows), versionTable, tables, unexplained),
                samples,
                versions,
                jobs,
                calls,
                written,
                remains,
                mayGoDown,
                deletedAt));
    }

    private static Instant at(int second) {
        return START.plusSeconds(second);
    }

    private static Sample sample(int second, Holder... holders) {
        return new Sample(at(second), List.of(holders));
    }

    private void call(String method, String path) {
        calls.add(Call.of(method, URI.create(path), START));
    }

    private static Seen<DatabaseMigration> version(int second, String current, String ready, String reason) {
        return new Seen<>(
                Serialization.unmarshal("""
                        apiVersion: dbmigrations.dev/v1alpha1
                        kind: DatabaseMigration
                        metadata: {name: shop, namespace: shop-ns, uid: uid-of-shop, generation: 1}
                        spec: {targetRevision: r2_second, image: i, credentialsSecretRef: {name: s}}
                        status:
                          observedGeneration: 1
                          currentRevisions: %s
                          conditions: [{type: Ready, status: "%s", reason: %s, message: m}]
                        """.formatted(current, ready, reason), DatabaseMigration.class), at(second));
    }

    private static Job job(String owner) {
        return Serialization.unmarshal("""
                apiVersion: batch/v1
                kind: Job
                metadata:
                  name: shop-1
                  uid: uid-of-job
                  labels: {dbmigrations.dev/generation: "1"}
                  ownerReferences: [{apiVersion: v1, kind: DatabaseMigration, name: shop, uid: %s}]
                """.formatted(owner), Job.class);
    }
}
