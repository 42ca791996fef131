package dev.dbmigrations.reconcile;

import static dev.dbmigrations.reconcile.Situation.DIGEST;
import static dev.dbmigrations.reconcile.Situation.failed;
import static dev.dbmigrations.reconcile.Situation.settledAt;
import static dev.dbmigrations.reconcile.Situation.succeeded;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DatabaseMigrationStatus.LastReached;
import dev.dbmigrations.api.DatabaseMigrationStatus.Migration;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.job.AttemptName;
import dev.dbmigrations.job.SeenAttempt.Running;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** What the status says, and when it is written. */
@NullMarked
class ReportTest {

    private static final Duration MINUTE = Duration.ofMinutes(1);

    private static Situation migrated(Situation situation, String from, String to) {
        situation.target(to).databaseIsAt(from).happens();
        situation
                .later(Duration.ofSeconds(2))
                .attemptEnds(succeeded(List.of(from), List.of(to)))
                .databaseIsAt(to)
                .happens();
        return situation;
    }

    @Test
    void nothingIsWrittenWhenNothingChanged() {
        Situation situation = settledAt("a1");
        DatabaseMigrationStatus written = situation.status;
        situation.later(MINUTE).databaseIsAt("a1").happens();
        assertThat(situation.status).isSameAs(written);
    }

    @Test
    void theTimeOfReadingAloneIsWrittenEveryTenMinutesAtMost() {
        Situation situation = settledAt("a1");
        DatabaseMigrationStatus written = situation.status;
        situation.later(MINUTE.multipliedBy(10)).databaseIsAt("a1").happens();
        assertThat(situation.status).isSameAs(written);
        situation.later(Duration.ofSeconds(1)).databaseIsAt("a1").happens();
        assertThat(situation.status.currentReadAt()).isEqualTo("2026-11-01T12:10:01Z");
    }

    @Test
    void aLookOfAMomentIsNotWorthAStatus() {
        Situation situation = new Situation();
        situation.happens();
        assertThat(situation.status).isSameAs(DatabaseMigrationStatus.EMPTY);
    }

    @Test
    void aLongLookAtANewSpecIsSaid() {
        Situation situation = new Situation();
        situation.askedAt = situation.now;
        situation.later(Duration.ofSeconds(1)).happens();
        assertThat(situation.reason()).isEqualTo("Pending");
        assertThat(situation.status.observedGeneration()).isEqualTo(1);
    }

    @Test
    void aNewSpecIsObservedWithWhateverIsSaidOfIt() {
        Situation situation = settledAt("a1").target("b2").databaseIsAt("a1");
        situation.happens();
        assertThat(situation.status.observedGeneration()).isEqualTo(2);
        assertThat(situation.status.conditions()).allMatch(condition -> condition.getObservedGeneration() == 2);
    }

    @Test
    void twoRowsAreOneTextForPeopleAndAListForPrograms() {
        Situation situation = new Situation().databaseIsAt("b", "a");
        situation.happens();
        assertThat(situation.status.currentRevision()).isEqualTo("a,b");
        assertThat(situation.status.currentRevisions()).containsExactly("a", "b");
    }

    @Test
    void whatWasReadLastIsKeptWhileTheDatabaseIsAway() {
        Situation situation = settledAt("a1").databaseIsUnreachable();
        situation.happens();
        assertThat(situation.status.currentRevision()).isEqualTo("a1");
        assertThat(situation.reason()).isEqualTo("DatabaseUnreachable");
    }

    @Test
    void whatATargetMeantIsForgottenWithTheTarget() {
        Situation situation = settledAt("a1");
        assertThat(situation.status.pending()).isZero();
        situation.target("b2").databaseIsAt("a1").happens();
        assertThat(situation.status.pending()).isNull();
        assertThat(situation.status.resolvedTarget()).isNull();
        assertThat(situation.status.head()).isNull();
    }

    @Test
    void lastReachedIsSetAtTheTargetOnly() {
        Situation situation = new Situation().databaseIsAt("a1");
        situation.happens();
        assertThat(situation.status.lastReached()).isNull();
        situation
                .attemptEnds(failed(Reason.MigrationFailed, List.of("a1")))
                .databaseIsAt("a1")
                .happens();
        assertThat(situation.status.lastReached()).isNull();
        situation.databaseIsAt("b2").happens();
        assertThat(Objects.requireNonNull(situation.status.lastReached()).revisions())
                .containsExactly("b2");
    }

    @Test
    void lastReachedNamesTheImageByItsContentAndTheDatabase() {
        LastReached reached = Objects.requireNonNull(
                migrated(settledAt("a1"), "a1", "b2").status.lastReached());
        assertThat(reached.imageDigest()).isEqualTo(DIGEST);
        assertThat(reached.targetRevision()).isEqualTo("b2");
        assertThat(reached.database().host()).isEqualTo("db.prod");
        assertThat(reached.database().systemIdentifier()).isEqualTo("7412");
    }

    @Test
    void theDigestIsKeptWhileTheImageIsTheSame() {
        Situation situation = migrated(settledAt("a1"), "a1", "b2");
        situation.later(MINUTE).jobsAreGone().databaseIsAt("b2").happens();
        assertThat(Objects.requireNonNull(situation.status.lastReached()).imageDigest())
                .isEqualTo(DIGEST);
    }

    @Test
    void theHistoryHasTheLastTenMigrationsNewestFirst() {
        Situation situation = settledAt("r0");
        for (int i = 0; i < 12; i++) {
            migrated(situation, "r" + i, "r" + (i + 1));
        }
        assertThat(situation.status.history())
                .hasSize(10)
                .first()
                .returns(List.of("r11"), Migration::from)
                .returns(List.of("r12"), Migration::to)
                .returns("Upgrade", Migration::direction)
                .returns(DIGEST, Migration::imageDigest);
    }

    @Test
    void aRunThatMovedNothingIsNoMigration() {
        Situation situation = new Situation().target("b").databaseIsAt("b2");
        situation.happens();
        situation
                .attemptEnds(succeeded(List.of("b2"), List.of("b2")))
                .databaseIsAt("b2")
                .happens();
        assertThat(situation.ready()).isTrue();
        assertThat(situation.status.history()).isNull();
    }

    @Test
    void whatFailedHalfWayIsAMigrationTooByWhatItMoved() {
        Situation situation = settledAt("a1").target("c3").databaseIsAt("a1");
        situation.happens();
        situation
                .attemptEnds(failed(Reason.MigrationFailed, List.of("a1"), List.of("b2")))
                .databaseIsAt("b2")
                .happens();
        assertThat(situation.status.history()).hasSize(1);
        assertThat(situation.failure().currentRevisions()).containsExactly("b2");
    }

    @Test
    void anAttemptIsNamedFromItsStartToItsEnd() {
        Situation situation = settledAt("a1").target("b2").databaseIsAt("a1");
        situation.happens();
        var started = Objects.requireNonNull(situation.status.attempt());
        // The status says so before the Job exists: the Job has to have this very name then.
        assertThat(started.job()).isEqualTo(AttemptName.of("trig", Situation.UID, situation.generation, 1));
        assertThat(started.endedAt()).isNull();
        situation.attemptIs(new Running()).happens();
        situation
                .later(MINUTE)
                .attemptEnds(succeeded(List.of("a1"), List.of("b2")))
                .databaseIsAt("b2")
                .happens();
        assertThat(Objects.requireNonNull(situation.status.attempt()).endedAt()).isEqualTo(situation.now);
    }

    @Test
    void statementsAreCutAndMessagesBounded() {
        Situation situation = settledAt("a1").target("b2").databaseIsAt("a1");
        situation.happens();
        var failure = new dev.dbmigrations.job.RunResult.Failure("b2", "23502", "x".repeat(10_000));
        situation
                .attemptEnds(Situation.failedBy(Reason.MigrationFailed, "y".repeat(10_000), failure))
                .databaseIsAt("a1")
                .happens();
        assertThat(situation.failure().statement()).hasSize(500);
        assertThat(situation.failure().sqlState()).isEqualTo("23502");
        assertThat(situation.failure().message()).hasSizeLessThanOrEqualTo(1024);
        assertThat(situation.message()).hasSizeLessThanOrEqualTo(1024);
    }

    @Test
    void aStatusThatSomebodyBlewUpIsWrittenSmall() throws JsonProcessingException {
        Situation situation = migrated(settledAt("a1"), "a1", "b2");
        situation.target("c3").databaseIsAt("b2").happens();
        situation
                .attemptEnds(failed(Reason.MigrationFailed, List.of("b2"), List.of("b2")))
                .databaseIsAt("b2")
                .happens();
        situation.status = blownUp(situation.status);

        situation.later(MINUTE).databaseIsAt("b2").operatorRestarts().databaseIsAt("b2");
        situation.target("b2").happens();

        assertThat(situation.reason()).isEqualTo("AtTarget");
        assertThat(Serialization.asJson(situation.status)).hasSizeLessThan(100_000);
        assertThat(situation.status.history()).hasSize(10);
    }

    /** Ten thousand migrations, and a megabyte of message, as an API server with another CRD would hand it out. */
    private static DatabaseMigrationStatus blownUp(DatabaseMigrationStatus status) throws JsonProcessingException {
        JsonNode json = new ObjectMapper().readTree(Serialization.asJson(status));
        ArrayNode history = (ArrayNode) json.get("history");
        IntStream.range(0, 10_000).forEach(i -> history.add(history.get(0)));
        String megabyte = "y".repeat(1 << 20);
        ((ObjectNode) json.get("lastFailure")).put("message", megabyte);
        json.get("conditions").forEach(condition -> ((ObjectNode) condition).put("message", megabyte));
        DatabaseMigrationStatus read = Serialization.unmarshal(json.toString(), DatabaseMigrationStatus.class);
        assertThat(Objects.requireNonNull(read.lastFailure()).message()).hasSize(1024);
        return read;
    }
}
