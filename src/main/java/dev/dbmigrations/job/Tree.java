package dev.dbmigrations.job;

import dev.dbmigrations.api.AlembicSettings;
import dev.dbmigrations.api.DatabaseMigrationSpec;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An image with an Alembic tree, and how to use it.
 *
 * @param image as a pod names it
 */
public record Tree(String image, AlembicSettings alembic) {

    /**
     * How a pod's status names what it ran: with the repository that it was pulled from, or, where an image was imported
     * into the node, by the image's own id alone. Docker's kubelet put a scheme before both.
     */
    private static final Pattern IMAGE_ID =
            Pattern.compile("(?:docker-pullable://|docker://)?((?:[^\\s@]+@)?sha256:[0-9a-f]+)");

    /** {@return the spec's own} */
    public static Tree of(DatabaseMigrationSpec spec) {
        return new Tree(spec.image(), spec.alembic());
    }

    /**
     * {@return the very content that a pod ran, where its status said what that was; else whatever the image's name
     * means now}
     *
     * @param imageId of the pod's container, in its status
     */
    public static Tree asItRan(String image, @Nullable String imageId, AlembicSettings alembic) {
        Matcher id = IMAGE_ID.matcher(imageId == null ? "" : imageId);
        return new Tree(id.matches() ? id.group(1) : image, alembic);
    }

    /** {@return whether it is one content, whatever becomes of tags} */
    public boolean isPinned() {
        return isOnNodesOnly() || image.contains("@sha256:");
    }

    /** Whether no registry has it under this name: a node that lacks it must not ask one. */
    boolean isOnNodesOnly() {
        return image.startsWith("sha256:");
    }
}
