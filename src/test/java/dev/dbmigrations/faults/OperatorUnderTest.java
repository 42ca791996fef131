package dev.dbmigrations.faults;

import dev.dbmigrations.OperatorInThisJvm;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.OperatorException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** The operator of one case, whichever instance of it is alive: one that was killed is followed by the next. */
final class OperatorUnderTest implements AutoCloseable {

    /** One process, so to speak. */
    private record Instance(FaultyApi api, OperatorInThisJvm operator) {

        void kill() {
            api.close();
            operator.kill();
        }
    }

    private static final Duration PAUSE = Duration.ofMillis(500);

    private final Upstream upstream;
    private final String namespace;
    private final Plans plans;
    private final Map<String, byte[]> firstLists = new ConcurrentHashMap<>();
    private final List<Instance> instances = new CopyOnWriteArrayList<>();
    private boolean closed;

    /** Which faults the instances meet, one after the other. */
    interface Plans {

        /** {@return the faults of the instance of this number, from 0} */
        Fault.Plan of(int instance);
    }

    OperatorUnderTest(Upstream upstream, String namespace, Plans plans) {
        this.upstream = upstream;
        this.namespace = namespace;
        this.plans = plans;
        startNext();
    }

    /** {@return what all instances have asked for} */
    List<Call> calls() {
        return instances.stream()
                .flatMap(instance -> instance.api().calls().stream())
                .toList();
    }

    /** {@return how many have been started so far} */
    int started() {
        return instances.size();
    }

    /** {@return whether the newest one has started} */
    boolean isRunning() {
        return instances.getLast().operator().isRunning();
    }

    /** Stops the living one in order, and waits until it has; its writes are in {@link #calls()} then. */
    void stop() {
        synchronized (this) {
            closed = true;
        }
        instances.getLast().operator().stop();
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        instances.forEach(Instance::kill);
    }

    private synchronized void startNext() {
        while (!closed) {
            int number = instances.size();
            FaultyApi api = new FaultyApi(upstream, plans.of(number), firstLists, () -> killed(number));
            OperatorInThisJvm operator = new OperatorInThisJvm(api.config());
            instances.add(new Instance(api, operator));
            try {
                operator.start(namespace, () -> killed(number));
                return;
            } catch (OperatorException | KubernetesClientException e) {
                // As in a cluster: what does not start is started again, after a pause.
                instances.getLast().kill();
                pause();
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Does not wait for one that is starting: its start fails, and the next one follows from there. */
    private void killed(int number) {
        instances.get(number).kill();
        synchronized (this) {
            if (number == instances.size() - 1) {
                startNext();
            }
        }
    }
}
