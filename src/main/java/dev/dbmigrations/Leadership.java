package dev.dbmigrations;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfig;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which of several operators works: the one that holds a Lease. It spares them from doing everything twice, and no more:
 * a leader that was frozen may go on for a moment when it thaws, and what keeps two of them from migrating one database
 * is the Job's name and the lock in the database.
 */
final class Leadership implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Leadership.class);

    /** For so long after its last renewal, a leader that says nothing more is still waited for. */
    private static final Duration LEASE = Duration.ofSeconds(15);

    private static final Duration RENEW_DEADLINE = Duration.ofSeconds(10);
    private static final Duration RETRY = Duration.ofSeconds(2);

    /**
     * Where the Lease is.
     *
     * @param namespace the operator's own
     * @param name the installation's
     */
    record LeaseName(String namespace, String name) {

        @Override
        public String toString() {
            return namespace + "/" + name;
        }

        /**
         * {@return the Lease that this text names}
         *
         * @param text {@code <namespace>/<name>}
         * @throws IllegalArgumentException when it is not of that form
         */
        static LeaseName of(String text) {
            String[] parts = text.split("/", -1);
            if (parts.length != 2 || parts[0].isBlank() || parts[1].isBlank()) {
                throw new IllegalArgumentException(
                        "the lease '%s' is not of the form <namespace>/<name>".formatted(text));
            }
            return new LeaseName(parts[0], parts[1]);
        }
    }

    private final CompletableFuture<?> election;
    private final AtomicBoolean resigned;

    private Leadership(CompletableFuture<?> election, AtomicBoolean resigned) {
        this.election = election;
        this.resigned = resigned;
    }

    /**
     * Seeks the lease from now on, and returns when somebody holds it.
     *
     * @param identity by which others know this operator
     * @param gained run once, on a thread of its own, when this one has it
     * @param lost run once when it had it and has it no more, though it did not resign; has to stop everything at once
     * @param standsBy run whenever another one has it
     */
    static Leadership seek(
            KubernetesClient client,
            LeaseName lease,
            String identity,
            Runnable gained,
            Runnable lost,
            Runnable standsBy) {
        AtomicBoolean resigned = new AtomicBoolean();
        CountDownLatch somebodyLeads = new CountDownLatch(1);
        LeaderCallbacks callbacks = new LeaderCallbacks(
                () -> Thread.ofPlatform().name("leader").start(gained),
                () -> {
                    if (!resigned.get()) {
                        LOG.error("lost the lease {}", lease);
                        lost.run();
                    }
                },
                leader -> {
                    // A leader that has resigned leaves no name.
                    if (leader == null || leader.isEmpty()) {
                        return;
                    }
                    if (leader.equals(identity)) {
                        LOG.info("leads: has the lease {}", lease);
                    } else {
                        LOG.info("stands by: {} has the lease {}", leader, lease);
                        standsBy.run();
                    }
                    somebodyLeads.countDown();
                });
        LeaderElectionConfig config = new LeaderElectionConfigBuilder()
                .withName(lease.name())
                .withLock(new LeaseLock(lease.namespace(), lease.name(), identity))
                .withLeaseDuration(LEASE)
                .withRenewDeadline(RENEW_DEADLINE)
                .withRetryPeriod(RETRY)
                .withReleaseOnCancel(true)
                .withLeaderCallbacks(callbacks)
                .build();
        CompletableFuture<?> election =
                client.leaderElector().withConfig(config).build().start();
        try {
            somebodyLeads.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return new Leadership(election, resigned);
    }

    /** Gives the lease back, if it has it, so that another one need not wait until it runs out. */
    @Override
    public void close() {
        resigned.set(true);
        election.cancel(true);
    }
}
