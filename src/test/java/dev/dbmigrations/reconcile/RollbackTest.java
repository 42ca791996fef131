package dev.dbmigrations.reconcile;

import static dev.dbmigrations.reconcile.Situation.DIGEST;
import static dev.dbmigrations.reconcile.Situation.IMAGE;
import static dev.dbmigrations.reconcile.Situation.failed;
import static dev.dbmigrations.reconcile.Situation.lacks;
import static dev.dbmigrations.reconcile.Situation.settledAt;
import static dev.dbmigrations.reconcile.Situation.succeeded;
import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.ApprovalPolicy;
import dev.dbmigrations.api.DatabaseMigrationStatus.LastReached;
import dev.dbmigrations.api.DatabaseMigrationStatus.VersionTable;
import dev.dbmigrations.api.DowngradePolicy;
import dev.dbmigrations.api.Reason;
import dev.dbmigrations.job.RunDocument.Downgrade;
import dev.dbmigrations.job.SeenAttempt.Running;
import dev.dbmigrations.job.SeenAttempt.Waiting;
import dev.dbmigrations.reconcile.Decision.Discard;
import dev.dbmigrations.reconcile.Decision.Fail;
import dev.dbmigrations.reconcile.Decision.Settle;
import dev.dbmigrations.reconcile.Decision.Start;
import dev.dbmigrations.reconcile.Decision.TakeIn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rule 6, by table. Revisions are a1, b2, c3, in this order; the older image ends with b2. */
@NullMarked
class RollbackTest {

    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final String OLDER = "registry.example.com/trigpointing-migrations:1.4.1";
    private static final String OTHER = "registry.example.com/trigpointing-migrations:1.4.3";

    /** The image 1.4.2 has brought the database to c3. */
    private static Situation broughtToC3() {
        Situation situation = settledAt("a1").target("c3").databaseIsAt("a1");
        situation.happens();
        situation
                .attemptEnds(succeeded(List.of("a1"), List.of("c3")))
                .later(MINUTE)
                .databaseIsAt("c3")
                .happens();
        assertThat(situation.ready()).isTrue();
        return situation;
    }

    /** And then the older image with this target finds c3, which it does not contain. */
    private static Situation olderImageFindsC3(Situation situation, String target, String... resolved) {
        situation.later(MINUTE).image(OLDER).target(target).databaseIsAt("c3").happens();
        situation.later(MINUTE).attemptEnds(lacks("c3", resolved)).databaseIsAt("c3");
        return situation;
    }

    private static Start rollsBack(Situation situation) {
        assertThat(situation.happens()).isInstanceOf(TakeIn.class);
        assertThat(situation.status.condition("Stalled")).isEmpty();
        return startsRollback(situation);
    }

    private static Start startsRollback(Situation situation) {
        Start start = (Start) situation.happens();
        assertThat(start.rollback()).isPresent();
        assertThat(start.downgrade()).isEqualTo(Downgrade.Allowed);
        return start;
    }

    private static String refused(Situation situation, Reason reason) {
        assertThat(situation.happens()).isInstanceOf(Fail.class);
        assertThat(situation.reason()).isEqualTo(reason.name());
        assertThat(situation.status.condition("Stalled")).isPresent();
        // And it stays so: nothing is started that would end the same.
        List<String> rows = Objects.requireNonNull(situation.failure().currentRevisions());
        situation.later(MINUTE).databaseIsAt(rows.toArray(String[]::new));
        assertThat(situation.happens()).isInstanceOf(Fail.class);
        return situation.message();
    }

    /** The page quotes what the status says, with shorter images and other revisions. */
    private static void isOnThePage(String message) throws IOException {
        String quoted = message.replaceAll("Job trig-[0-9a-f]+", "Job trig-3e1a2da7b6")
                .replace(OLDER, "…:1.4.1")
                .replace(IMAGE, "…:1.4.2")
                .replace("c3", "r5")
                .replace("b2", "r3")
                .replace("d4", "r6")
                .replace("not found", "…");
        assertThat(Files.readString(Path.of("docs/rollback.md"))).contains(quoted);
    }

    private static LastReached lastReached(Situation situation) {
        return Objects.requireNonNull(situation.status.lastReached());
    }

    @Test
    void goesDownWithTheImageThatBroughtTheDatabaseThere() throws IOException {
        Situation situation = olderImageFindsC3(broughtToC3(), "b2", "b2");

        Rollback.Way way = rollsBack(situation).rollback().orElseThrow();

        assertThat(way.image()).isEqualTo(IMAGE);
        assertThat(way.tree().image()).isEqualTo(DIGEST);
        assertThat(way.to()).containsExactly("b2");
        assertThat(situation.message())
                .endsWith(" is bringing the database from c3 to b2 with image " + IMAGE + ", because image " + OLDER
                        + " does not contain where it is");
        isOnThePage(situation.message());
        assertThat(Objects.requireNonNull(situation.status.attempt()).kind()).isEqualTo("Rollback");
        assertThat(situation.status.unknownRevisions()).containsExactly("c3");
    }

    @Test
    void isAtTheTargetOfTheOlderImageThen() {
        Situation situation = olderImageFindsC3(broughtToC3(), "b2", "b2");
        rollsBack(situation);
        situation
                .later(MINUTE)
                .attemptEnds(succeeded(List.of("c3"), List.of("b2")))
                .databaseIsAt("b2")
                .happens();

        assertThat(situation.ready()).isTrue();
        assertThat(situation.status.unknownRevisions()).isNull();
        assertThat(situation.status.lastFailure()).isNull();
        assertThat(lastReached(situation).image()).isEqualTo(OLDER);
        assertThat(lastReached(situation).targetRevision()).isEqualTo("b2");
        assertThat(Objects.requireNonNull(situation.status.history()).getFirst().image())
                .isEqualTo(IMAGE);
        assertThat(situation.later(MINUTE).databaseIsAt("b2").happens()).isInstanceOf(Settle.class);
    }

    @Test
    void goesDownToBase() {
        Situation situation = olderImageFindsC3(broughtToC3(), "base");
        assertThat(rollsBack(situation).rollback().orElseThrow().to()).isEmpty();
    }

    @Test
    void keepsToTheBranchOfTheTarget() {
        Situation situation = olderImageFindsC3(broughtToC3(), "shop@b2", "b2");
        assertThat(rollsBack(situation).rollback().orElseThrow().to()).containsExactly("shop@b2");
    }

    @Test
    void anOperatorThatIsKilledBetweenTheTwoAttemptsGoesOn() {
        Situation situation = olderImageFindsC3(broughtToC3(), "b2", "b2");
        assertThat(situation.happens()).isInstanceOf(TakeIn.class);

        situation.operatorRestarts().jobsAreGone().later(MINUTE).databaseIsAt("c3");

        startsRollback(situation);
    }

    @Test
    void anOperatorThatIsKilledBeforeItHasWrittenWhatWasFoundGoesOn() {
        Situation situation = olderImageFindsC3(broughtToC3(), "b2", "b2");
        situation.operatorRestarts().later(MINUTE).databaseIsAt("c3");
        rollsBack(situation);
    }

    @Test
    void waitsForTheDatabaseBeforeItDecidesWhatFollows() {
        Situation situation = olderImageFindsC3(broughtToC3(), "b2", "b2").databaseIsUnreachable();
        situation.happens();
        assertThat(situation.reason()).isEqualTo("DatabaseUnreachable");
        situation.later(MINUTE).databaseIsAt("c3");
        rollsBack(situation);
    }

    @Test
    void headNeedsAWord() throws IOException {
        Situation situation = olderImageFindsC3(broughtToC3(), "head", "b2");

        assertThat(refused(situation, Reason.DatabaseAhead))
                .isEqualTo("revision c3 is not in image " + OLDER + "; it was applied by image " + IMAGE
                        + ": write targetRevision: b2 or downgrade: Always to go down with that one to b2, or image: "
                        + IMAGE + " to stay");
        isOnThePage(situation.message());

        situation.later(MINUTE).downgrade(DowngradePolicy.Always).databaseIsAt("c3");
        startsRollback(situation);
    }

    @Test
    void headGoesDownWhereTheTargetIsWrittenInstead() {
        Situation situation = olderImageFindsC3(broughtToC3(), "head", "b2");
        situation.happens();
        situation.later(MINUTE).target("b2").databaseIsAt("c3").happens();
        situation.later(MINUTE).attemptEnds(lacks("c3", "b2")).databaseIsAt("c3");
        rollsBack(situation);
    }

    @Test
    void headWithAlwaysGoesDownAtOnce() {
        Situation situation = broughtToC3().downgrade(DowngradePolicy.Always);
        rollsBack(olderImageFindsC3(situation, "head", "b2"));
    }

    @Test
    void neverMeansNever() {
        Situation situation = olderImageFindsC3(broughtToC3().downgrade(DowngradePolicy.Never), "b2", "b2");
        assertThat(refused(situation, Reason.DowngradeForbidden))
                .contains(OLDER, "applied by image " + IMAGE, "downgrade: Never forbids");
    }

    @Test
    void leavesADatabaseAloneThatSomebodyElseMovedAhead() {
        Situation situation = broughtToC3();
        situation.later(MINUTE).image(OLDER).target("b2").databaseIsAt("d4").happens();
        situation.later(MINUTE).attemptEnds(lacks("d4", "b2")).databaseIsAt("d4");

        assertThat(refused(situation, Reason.DatabaseAhead))
                .contains("d4 is not in image " + OLDER, "did not bring the database there", "downgrade: Always");

        situation.later(MINUTE).downgrade(DowngradePolicy.Always).databaseIsAt("d4");
        startsRollback(situation);
    }

    @Test
    void saysWhatToWriteWhereNothingIsRemembered() throws IOException {
        Situation situation = new Situation().image(OLDER).target("b2").databaseIsAt("c3");
        situation.happens();
        situation.later(MINUTE).attemptEnds(lacks("c3", "b2")).databaseIsAt("c3");

        assertThat(refused(situation, Reason.RevisionNotFound))
                .isEqualTo("the database is at revision c3, which is not in image " + OLDER
                        + ": use the image that applied it, or a newer one; to go down with it instead, name it in"
                        + " spec.downgradeImage, with downgrade: Always");
        isOnThePage(situation.message());

        situation.later(MINUTE).downgradeImage(IMAGE).databaseIsAt("c3").happens();
        situation.later(MINUTE).attemptEnds(lacks("c3", "b2")).databaseIsAt("c3");
        assertThat(refused(situation, Reason.DatabaseAhead))
                .isEqualTo("revision c3 is not in image " + OLDER + "; this resource did not bring the database there,"
                        + " and spec.downgradeImage names " + IMAGE + ": write downgrade: Always to go down with that"
                        + " one to b2, or image: " + IMAGE + " to stay");

        situation.later(MINUTE).downgrade(DowngradePolicy.Always).databaseIsAt("c3");
        assertThat(startsRollback(situation).rollback().orElseThrow().tree().image())
                .isEqualTo(IMAGE);
    }

    @Test
    void theImageThatIsRememberedComesBeforeTheOneThatIsNamed() {
        Situation situation = olderImageFindsC3(broughtToC3().downgradeImage(OTHER), "b2", "b2");
        assertThat(rollsBack(situation).rollback().orElseThrow().image()).isEqualTo(IMAGE);
    }

    @Test
    void anotherDatabaseIsNotRemembered() {
        Situation situation = broughtToC3().databaseIsRestoredElsewhere();
        refused(olderImageFindsC3(situation, "b2", "b2"), Reason.RevisionNotFound);
    }

    @Test
    void theRememberedImageCannotHelpWhereItIsTheSpecsOwn() {
        Situation situation = broughtToC3();
        situation.later(MINUTE).target("b2").databaseIsAt("d4").happens();
        situation.later(MINUTE).attemptEnds(lacks("d4", "b2")).databaseIsAt("d4");
        refused(situation, Reason.RevisionNotFound);
    }

    @ParameterizedTest
    @CsvSource({"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull"})
    void saysThatItIsTheRememberedImageWhichIsMissing(String why) throws IOException {
        Situation situation = olderImageFindsC3(broughtToC3(), "b2", "b2");
        rollsBack(situation);
        situation.attemptIs(new Waiting(why + ": not found")).later(MINUTE).happens();

        assertThat(situation.reason()).isEqualTo("WaitingForPod");
        assertThat(situation.message())
                .isEqualTo("image " + IMAGE + ", with which to go down from c3, cannot be pulled (" + why
                        + ": not found): restore it in its registry, or name another image that has these revisions in"
                        + " spec.downgradeImage");
        isOnThePage(situation.message().replace(why, "ImagePullBackOff"));
        assertThat(lastReached(situation).imageMissing()).isTrue();

        situation.attemptIs(new Running()).later(MINUTE).happens();
        assertThat(lastReached(situation).imageMissing()).isNull();
    }

    @Test
    void namesTheWayDownThatWasPlannedWhereItsImageIsMissing() {
        Situation planned = settledAt("a1")
                .approval(ApprovalPolicy.Destructive)
                .target("c3")
                .databaseIsAt("a1");
        planned.happens();
        planned.attemptEnds(Situation.planned(List.of("a1"), List.of("c3")))
                .later(MINUTE)
                .databaseIsAt("a1")
                .happens();
        planned.happens();
        planned.attemptEnds(succeeded(List.of("a1"), List.of("c3")))
                .later(MINUTE)
                .databaseIsAt("c3")
                .happens();
        String configMap = Objects.requireNonNull(planned.status.plan()).configMap();
        Situation situation = olderImageFindsC3(planned.approval(ApprovalPolicy.Never), "b2", "b2");
        rollsBack(situation);
        situation.attemptIs(new Waiting("ImagePullBackOff")).later(MINUTE).happens();

        assertThat(situation.message()).endsWith("; how the way down was planned is in ConfigMap " + configMap);
    }

    @Test
    void theImageThatIsNamedHelpsWhereTheRememberedOneIsMissing() {
        Situation situation = olderImageFindsC3(broughtToC3(), "b2", "b2");
        rollsBack(situation);
        situation.attemptIs(new Waiting("ImagePullBackOff")).later(MINUTE).happens();

        situation.downgradeImage(OTHER).databaseIsAt("c3");

        assertThat(situation.happens()).isInstanceOf(Discard.class);
        assertThat(startsRollback(situation.later(MINUTE).databaseIsAt("c3"))
                        .rollback()
                        .orElseThrow()
                        .image())
                .isEqualTo(OTHER);
    }

    @Test
    void saysWhichOfTwoImagesLacksTheTarget() throws IOException {
        Situation situation = olderImageFindsC3(broughtToC3(), "x9", "x9");
        rollsBack(situation);
        situation.later(MINUTE).attemptEnds(lacks("c3", null, null)).databaseIsAt("c3");

        assertThat(refused(situation, Reason.RevisionNotFound))
                .isEqualTo("image " + IMAGE + ", with which to go down from c3, does not contain x9, which is the"
                        + " target in image " + OLDER + ": write a target or an image so that one contains both");
        isOnThePage(situation.message());
    }

    @Test
    void saysThatNoImageContainsWhereTheDatabaseIs() throws IOException {
        Situation situation = broughtToC3().downgrade(DowngradePolicy.Always);
        situation.later(MINUTE).image(OLDER).target("b2").databaseIsAt("d4").happens();
        situation.later(MINUTE).attemptEnds(lacks("d4", "b2")).databaseIsAt("d4");
        rollsBack(situation);
        situation.later(MINUTE).attemptEnds(lacks("d4", "b2")).databaseIsAt("d4");

        assertThat(refused(situation, Reason.RevisionNotFound))
                .isEqualTo("revision d4 is neither in image " + OLDER + " nor in image " + IMAGE
                        + ", with which to go down: write an image that contains it");
        isOnThePage(situation.message());
    }

    @Test
    void anImageThatKeepsItsRevisionsElsewhereIsNoWayDown() throws IOException {
        Situation situation = olderImageFindsC3(broughtToC3(), "b2", "b2");
        rollsBack(situation);
        situation
                .later(MINUTE)
                .attemptEnds(lacks("z0", List.of("b2"), new VersionTable("shop", "alembic_version")))
                .databaseIsAt("c3");

        assertThat(refused(situation, Reason.EnvironmentFailed))
                .contains(IMAGE, "keeps its revisions in another table");
        assertThat(Objects.requireNonNull(situation.status.versionTable()).schema())
                .isEqualTo("public");
        isOnThePage(situation.message());
    }

    @Test
    void aChangeOfSpecWaitsForTheRollbackAndGoesOnFromThere() {
        Situation situation = olderImageFindsC3(broughtToC3(), "b2", "b2");
        rollsBack(situation);
        situation
                .attemptIs(new Running())
                .later(MINUTE)
                .image(IMAGE)
                .target("c3")
                .databaseIsAt("c3");
        assertThat(situation.happens()).isInstanceOf(Decision.Await.class);
        situation
                .later(MINUTE)
                .attemptEnds(succeeded(List.of("c3"), List.of("b2")))
                .databaseIsAt("b2")
                .happens();
        assertThat(lastReached(situation).targetRevision()).isEqualTo("b2");

        Start start = (Start) situation.later(MINUTE).databaseIsAt("b2").happens();

        assertThat(start.rollback()).isEmpty();
    }

    @Test
    void anInterruptedRollbackIsTriedAgain() {
        Situation situation = olderImageFindsC3(broughtToC3(), "b2", "b2");
        rollsBack(situation);
        situation
                .attemptIs(new Running())
                .later(MINUTE)
                .attemptDies(Reason.Interrupted, true)
                .databaseIsAt("c3")
                .happens();
        assertThat(situation.reason()).isEqualTo("Interrupted");

        assertThat(startsRollback(situation.later(MINUTE).databaseIsAt("c3")).afterInterruption())
                .isTrue();
    }

    @Test
    void aRollbackThatFailedHalfWayGoesOnFromThereAskingAgain() {
        Situation situation = olderImageFindsC3(broughtToC3(), "a1", "a1");
        rollsBack(situation);
        situation
                .later(MINUTE)
                .attemptEnds(failed(Reason.LockTimeout, List.of("c3"), List.of("b2x")))
                .databaseIsAt("b2x")
                .happens();

        Start asking = (Start) situation.later(MINUTE).databaseIsAt("b2x").happens();
        assertThat(asking.rollback()).isEmpty();
        situation.later(MINUTE).attemptEnds(lacks("b2x", "a1")).databaseIsAt("b2x");
        rollsBack(situation);
    }

    @Test
    void whatFailedInTheRollbackStandsUntilAPersonAsks() {
        Situation situation = olderImageFindsC3(broughtToC3(), "b2", "b2");
        rollsBack(situation);
        situation
                .later(MINUTE)
                .attemptEnds(failed(Reason.MigrationFailed, List.of("c3")))
                .databaseIsAt("c3");
        refused(situation, Reason.MigrationFailed);

        startsRollback(situation.setsRetryAnnotation("now").later(MINUTE).databaseIsAt("c3"));
    }

    /** A spec that names an image for rows that are there already has not shown that this image contains them. */
    @Test
    void theImageThatBroughtTheDatabaseThereIsRememberedThroughARevertInTwoSteps() {
        Situation situation = broughtToC3();
        situation.later(MINUTE).image(OLDER).databaseIsAt("c3").happens();
        assertThat(situation.ready()).isTrue();
        assertThat(lastReached(situation).image()).isEqualTo(IMAGE);
        situation.later(MINUTE).target("b2").databaseIsAt("c3").happens();
        situation.later(MINUTE).attemptEnds(lacks("c3", "b2")).databaseIsAt("c3");

        assertThat(rollsBack(situation).rollback().orElseThrow().image()).isEqualTo(IMAGE);
    }

    @Test
    void aSuspendedResourceRollsNothingBack() {
        Situation situation = olderImageFindsC3(broughtToC3(), "b2", "b2");
        situation.happens();
        situation.later(MINUTE).suspend(true).databaseIsAt("c3").happens();
        assertThat(situation.reason()).isEqualTo("Suspended");
    }
}
