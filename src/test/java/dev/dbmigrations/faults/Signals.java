package dev.dbmigrations.faults;

import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.GenericContainer;

/** Signals to the processes of a node, sent from the node itself: nobody in the cluster hears of them. */
final class Signals {

    /** Of a pod's processes, those that do its work: its sandbox has one, too. */
    private static final String TO_POD = """
            sent=0
            for p in /proc/[0-9]*; do
              grep -qs -e "$1" -e "$(echo "$1" | tr - _)" $p/cgroup || continue
              case $(cat $p/comm) in java|python*) kill -$2 ${p#/proc/} && sent=$((sent + 1));; esac
            done
            [ $sent -gt 0 ]""";

    private Signals() {}

    /** Sends one to each process of a pod on this node; {@code KILL}, {@code STOP} or {@code CONT}. */
    static void send(GenericContainer<?> node, Pod pod, String signal) {
        run(node, TO_POD, pod.getMetadata().getUid(), signal);
    }

    /** Runs a script on a node; fails where it fails. */
    static void run(GenericContainer<?> node, String script, String... arguments) {
        String[] command = new String[4 + arguments.length];
        command[0] = "sh";
        command[1] = "-c";
        command[2] = script;
        command[3] = "sh";
        System.arraycopy(arguments, 0, command, 4, arguments.length);
        try {
            ExecResult result = node.execInContainer(command);
            if (result.getExitCode() != 0) {
                throw new AssertionError("%s ended with %d: %s%s"
                        .formatted(script, result.getExitCode(), result.getStdout(), result.getStderr()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
