package dev.dbmigrations.system;

import static dev.dbmigrations.api.Reason.AtTarget;
import static dev.dbmigrations.api.Reason.DatabaseAhead;
import static dev.dbmigrations.api.Reason.RevisionNotFound;
import static dev.dbmigrations.api.Reason.WaitingForPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.testing.Cluster;
import io.fabric8.kubernetes.api.model.Container;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A team goes back to an older image, which does not contain the revision that the database is at. */
@Execution(ExecutionMode.CONCURRENT)
class RollbackIT {

    private static final String NEWER = Images.TREES;
    private static String older = "";

    @RegisterExtension
    final Team team = new Team();

    @BeforeAll
    static void build() {
        older = Images.variant("older", "r4_comments.py", "r5_vouchers.py");
    }

    private static String reverted(String target) {
        return "image: %s\ntargetRevision: %s\n".formatted(older, target);
    }

    @Test
    void followsImageAndTargetBackAndForth() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("shop", "head"));
        shop.await(AtTarget);

        shop.change(reverted("r3_unique_emails"));
        DatabaseMigrationStatus status = shop.await(AtTarget);

        assertThat(database.revisions()).containsExactly("r3_unique_emails");
        assertThat(database.tables()).doesNotContain("comments", "vouchers");
        assertThat(status.head()).isEqualTo("r3_unique_emails");
        assertThat(status.unknownRevisions()).isNull();
        shop.awaitHistory("Downgrade", "Upgrade");
        assertThat(Objects.requireNonNull(shop.status().history()).getFirst().image())
                .isEqualTo(NEWER);

        shop.change("image: %s\ntargetRevision: head\n".formatted(NEWER));
        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("r5_vouchers");
    }

    /** As on a node into which somebody imported it: the container runtime knows its id only. */
    @Test
    void runsAnImageWithoutADigestByItsId() {
        team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("shop", "head"));
        String id = digest(shop.await(AtTarget));
        assertThat(id).startsWith("sha256:");

        shop.change(reverted("r3_unique_emails"));
        shop.await(AtTarget);

        Container container = lastContainer(shop);
        assertThat(container.getImage()).isEqualTo(id);
        assertThat(container.getImagePullPolicy()).isEqualTo("Never");
    }

    /** As pulled from a registry. */
    @Test
    void runsAnImageByItsDigest() {
        Database database = team.databaseWithSecret();
        String image = Images.variant("with-a-digest");
        String byDigest = Cluster.shared().nameByDigest(image);
        Migration shop = team.migration(Team.tree("shop", "head", "image: " + image));
        assertThat(digest(shop.await(AtTarget))).isEqualTo(byDigest);

        shop.change(reverted("r3_unique_emails"));
        shop.await(AtTarget);

        Container container = lastContainer(shop);
        assertThat(container.getImage()).isEqualTo(byDigest);
        assertThat(container.getImagePullPolicy()).isEqualTo("IfNotPresent");
        assertThat(database.revisions()).containsExactly("r3_unique_emails");
    }

    @Test
    void goesDownToHeadOnlyWithAWord() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("shop", "head"));
        shop.await(AtTarget);

        shop.change(reverted("head"));
        assertThat(shop.await(DatabaseAhead).condition("Stalled")).isPresent();
        assertThat(shop.message())
                .isEqualTo("revision r5_vouchers is not in image " + older + "; it was applied by image " + NEWER
                        + ": write targetRevision: r3_unique_emails or downgrade: Always to go down with that one to"
                        + " r3_unique_emails, or image: " + NEWER + " to stay");
        assertThat(database.revisions()).containsExactly("r5_vouchers");

        shop.change("downgrade: Always");
        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("r3_unique_emails");
    }

    @Test
    void aResourceThatWasMadeAnewTakesTheImageThatIsNamed() {
        Database database = team.databaseWithSecret();
        Migration shop = team.migration(Team.tree("shop", "head"));
        shop.await(AtTarget);
        shop.delete();

        Migration anew = team.migration("anew", Team.tree("shop", "r3_unique_emails", "image: " + older));
        anew.await(RevisionNotFound);
        assertThat(anew.message()).contains("r5_vouchers", older, "spec.downgradeImage", "downgrade: Always");

        anew.change("downgradeImage: " + NEWER);
        anew.await(DatabaseAhead);
        assertThat(anew.message()).contains("r5_vouchers", older, NEWER, "downgrade: Always");
        assertThat(database.revisions()).containsExactly("r5_vouchers");

        anew.change("downgrade: Always");
        anew.await(AtTarget);
        assertThat(database.revisions()).containsExactly("r3_unique_emails");
    }

    @Test
    void saysThatTheRememberedImageIsMissing() {
        Database database = team.databaseWithSecret();
        String image = Images.variant("missing-" + DatabaseServer.unique());
        Migration shop = team.migration(Team.tree("shop", "head", "image: " + image, "approval: Destructive"));
        String plan = Objects.requireNonNull(shop.await(AtTarget).plan()).configMap();
        Cluster.shared().removeImage(image);

        shop.change(reverted("r3_unique_emails"));
        DatabaseMigrationStatus status = shop.await(
                WaitingForPod,
                "the image is missing",
                waiting ->
                        waiting.lastReached() != null && waiting.lastReached().imageMissing() != null);

        assertThat(shop.message())
                .startsWith("image " + image + ", with which to go down from r5_vouchers, cannot be pulled (")
                .endsWith("): restore it in its registry, or name another image that has these revisions in"
                        + " spec.downgradeImage; how the way down was planned is in ConfigMap " + plan);
        assertThat(shop.configMap(plan).get("way-back.sql")).contains("DROP");
        assertThat(status.currentRevision()).isEqualTo("r5_vouchers");

        shop.change("downgradeImage: " + NEWER + "\napproval: Never");
        shop.await(AtTarget);
        assertThat(database.revisions()).containsExactly("r3_unique_emails");
    }

    private static String digest(DatabaseMigrationStatus status) {
        return Objects.requireNonNull(
                Objects.requireNonNull(status.lastReached()).imageDigest());
    }

    private static Container lastContainer(Migration migration) {
        return migration
                .jobs()
                .getLast()
                .getSpec()
                .getTemplate()
                .getSpec()
                .getContainers()
                .getFirst();
    }
}
