package dev.dbmigrations.job;

import dev.dbmigrations.api.Reason;
import dev.dbmigrations.job.SeenAttempt.Died;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Tells whose fault it is that a container did not start: the image's, which stays so, or the node's, which may pass. */
final class NotStarted {

    /** What the kubelet calls a container that the runtime could not start. */
    private static final Set<String> REASONS = Set.of("StartError", "ContainerCannotRun", "CreateContainerError");

    /** What runtimes (runc, crun) speak of where the program, or the folder to start it in, is of no use. */
    private static final Pattern IMAGES_FAULT =
            Pattern.compile("\\bexec:|\\bexecutable\\b|\\bexec format\\b|\\bchdir\\b");

    private NotStarted() {}

    static Optional<Died> read(ContainerStateTerminated terminated) {
        // The reason is optional, and a Set.of() does not take a null.
        if (!REASONS.contains(String.valueOf(terminated.getReason()))) {
            return Optional.empty();
        }
        String fact = AttemptReading.sentence(terminated.getMessage());
        if (IMAGES_FAULT.matcher(fact).find()) {
            return Optional.of(new Died(
                    Reason.ImageUnusable,
                    "the image's container does not start: " + fact
                            + "; name the interpreter in spec.alembic.python, the folder in"
                            + " spec.alembic.workingDir, or an image that has them",
                    false));
        }
        if (fact.contains("OOM-killed")) {
            return Optional.of(new Died(Reason.Interrupted, AttemptReading.OUT_OF_MEMORY, false));
        }
        return Optional.of(new Died(Reason.Interrupted, "the node could not start the container: " + fact, false));
    }
}
