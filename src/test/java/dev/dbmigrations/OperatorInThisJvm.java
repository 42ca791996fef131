package dev.dbmigrations;

import dev.dbmigrations.Main.Configuration;
import dev.dbmigrations.reconcile.Policy;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The operator as {@code main} starts it, in a test's own JVM and with a client that the test gives it. */
public final class OperatorInThisJvm {

    private final KubernetesClient client;
    private volatile @Nullable RunningOperator running;

    /** @param api where its client goes */
    public OperatorInThisJvm(Config api) {
        client = RunningOperator.client(api);
    }

    /**
     * Starts it, to look after one namespace.
     *
     * @param broken run when it would end itself, for Kubernetes to start another one
     */
    public void start(String namespace, Runnable broken) {
        Configuration configuration =
                new Configuration(List.of(namespace), 0, Optional.of(65532L), Policy.NONE, Optional.empty());
        try {
            running = RunningOperator.start(configuration, client, broken);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@return whether its start is over: its caches are filled and the loop runs} */
    public boolean isRunning() {
        return running != null;
    }

    /** Stops it in order. */
    public void stop() {
        RunningOperator started = running;
        if (started != null) {
            started.close();
        }
    }

    /** Ends it as a kill does, while it starts, too: not a word leaves it any more. */
    public void kill() {
        client.close();
        Thread.ofVirtual().name("killed operator").start(this::stop);
    }
}
