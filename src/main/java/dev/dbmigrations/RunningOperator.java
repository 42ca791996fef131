package dev.dbmigrations;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.dbmigrations.Main.Configuration;
import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.database.RevisionReader;
import dev.dbmigrations.database.ServerLimit;
import dev.dbmigrations.database.Timeouts;
import dev.dbmigrations.job.Attempts;
import dev.dbmigrations.job.PodSecurity;
import dev.dbmigrations.job.RunnerFiles;
import dev.dbmigrations.reconcile.ApprovalReconciler;
import dev.dbmigrations.reconcile.MigrationReconciler;
import dev.dbmigrations.telemetry.EventLog;
import dev.dbmigrations.telemetry.HealthServer;
import dev.dbmigrations.telemetry.MigrationMetrics;
import dev.dbmigrations.telemetry.Telemetry;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.config.ControllerConfigurationOverrider;
import io.javaoperatorsdk.operator.processing.retry.GenericRetry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The operator's parts, put together and running. */
final class RunningOperator implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger("dev.dbmigrations");

    private static final int RECONCILE_THREADS = 8;

    private static final int LEADERSHIP_LOST = 1;

    /** In milliseconds. Fabric8 doubles it five times, to 8 s; by its default of 1 s, a watch stays blind for 32 s. */
    private static final int FIRST_RECONNECT = 250;

    /** What fails longer than some tenths of a second is the loop's to come back to. */
    private static final int CALLS_REPEATED = 2;

    private final KubernetesClient client;
    private final Operator operator;
    private final HealthServer health;
    private final Optional<Leadership> leadership;
    private final ClockWatch clockWatch;
    private final AtomicBoolean closed = new AtomicBoolean();

    private RunningOperator(
            KubernetesClient client,
            Operator operator,
            HealthServer health,
            Optional<Leadership> leadership,
            ClockWatch clockWatch) {
        this.client = client;
        this.operator = operator;
        this.health = health;
        this.leadership = leadership;
        this.clockWatch = clockWatch;
    }

    /**
     * Starts everything; returns when the caches are filled and the loop runs, or when another operator leads and this
     * one stands by.
     *
     * @throws IOException when the port of the health endpoints is taken
     */
    static RunningOperator start(Configuration configuration) throws IOException {
        return start(configuration, client(Config.autoConfigure(null)));
    }

    static RunningOperator start(Configuration configuration, KubernetesClient client) throws IOException {
        return start(configuration, client, () -> System.exit(1));
    }

    /** @param broken run when a watch has ended for good, or the clock was put back: only a new process sees again */
    static RunningOperator start(Configuration configuration, KubernetesClient client, Runnable broken)
            throws IOException {
        Clock clock = Clock.systemUTC();
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        MigrationMetrics metrics = new MigrationMetrics(registry);
        Telemetry telemetry = new Telemetry(new EventLog(client, clock, instance()), metrics);
        Attempts attempts = new Attempts(client, RunnerFiles.fromClassPath(), new PodSecurity(configuration.jobUser()));
        ServerLimit reader = new ServerLimit(new RevisionReader(Timeouts.DEFAULT, clock)::read, ServerLimit.DEFAULT);
        AtomicBoolean ready = new AtomicBoolean();
        HealthServer health = new HealthServer(configuration.port(), ready::get, () -> {
            metrics.refresh();
            return registry.scrape();
        });

        Operator operator = new Operator(overrides -> overrides
                .withKubernetesClient(client)
                // The lease is given back afterwards, by the same client.
                .withCloseClientOnStop(false)
                .withConcurrentReconciliationThreads(RECONCILE_THREADS)
                .withInformerStoppedHandler((informer, why) -> {
                    if (why != null && informer.hasSynced()) {
                        LOG.error("the watch of {} ended for good", informer.getApiTypeClass(), why);
                        broken.run();
                    }
                })
                .withReconciliationTerminationTimeout(Configuration.STOPPING));
        ApprovalReconciler approvals = new ApprovalReconciler(client, clock);
        operator.register(
                new MigrationReconciler(
                        client, attempts, reader::read, telemetry, approvals, configuration.policy(), clock),
                // The annotation is no part of the generation: the filter lets both through, and no status.
                overrides -> settings(overrides, configuration)
                        .withName("databasemigrations")
                        .withGenerationAware(false)
                        .withOnUpdateFilter(RunningOperator::concernsUs)
                        .withReconciliationMaxInterval(Duration.ofMinutes(5)));
        operator.register(
                approvals, overrides -> settings(overrides, configuration).withName("migrationapprovals"));
        Runnable work = () -> {
            operator.start();
            ready.set(true);
            LOG.info(
                    "started; looking after {}",
                    configuration.namespaces().isEmpty() ? "all namespaces" : configuration.namespaces());
        };
        Optional<Leadership> leadership = configuration.lease().map(lease -> {
            // Whatever is under way is cut off, because another one leads already: a kill loses nothing.
            Runnable lost = () -> Runtime.getRuntime().halt(LEADERSHIP_LOST);
            return Leadership.seek(client, lease, instance(), () -> orEnd(work), lost, () -> ready.set(true));
        });
        if (leadership.isEmpty()) {
            work.run();
        }
        return new RunningOperator(client, operator, health, leadership, ClockWatch.start(clock, broken));
    }

    /** What does not start is started again by Kubernetes; meanwhile another operator may lead. */
    private static void orEnd(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            LOG.error("the start failed", e);
            System.exit(1);
        }
    }

    private static <R extends HasMetadata> ControllerConfigurationOverrider<R> settings(
            ControllerConfigurationOverrider<R> overrides, Configuration configuration) {
        return overrides
                .settingNamespaces(
                        configuration.namespaces().isEmpty()
                                ? Set.of("JOSDK_ALL_NAMESPACES")
                                : Set.copyOf(configuration.namespaces()))
                // An API server's trouble is over some day: never give up, never wait long.
                .withRetry(new GenericRetry()
                        .withoutMaxAttempts()
                        .setInitialInterval(500)
                        .setIntervalMultiplier(1.5)
                        .setMaxInterval(Duration.ofSeconds(8).toMillis()));
    }

    /** {@return a client that is not long in noticing that an API server is there again} */
    static KubernetesClient client(Config api) {
        api.setWatchReconnectInterval(FIRST_RECONNECT);
        // The client would try a call ten times, for 100 s in all, and keep one of the loop's threads meanwhile.
        api.setRequestRetryBackoffLimit(CALLS_REPEATED);
        ObjectMapper mapper = new ObjectMapper().addMixIn(ObjectMeta.class, WithoutManagedFields.class);
        return new KubernetesClientBuilder()
                .withConfig(api)
                .withKubernetesSerialization(new KubernetesSerialization(mapper, true))
                .build();
    }

    /** They are most of what an API server tells of an object, nobody here reads them, and the caches would keep them. */
    @JsonIgnoreProperties("managedFields")
    private interface WithoutManagedFields {}

    private static boolean concernsUs(DatabaseMigration now, DatabaseMigration before) {
        return !Objects.equals(
                        now.getMetadata().getGeneration(), before.getMetadata().getGeneration())
                || !Objects.equals(retry(now), retry(before));
    }

    private static Optional<String> retry(DatabaseMigration resource) {
        return Optional.ofNullable(resource.getMetadata().getAnnotations())
                .map(annotations -> annotations.get(DatabaseMigration.RETRY_ANNOTATION));
    }

    private static String instance() {
        return Objects.requireNonNullElse(System.getenv("HOSTNAME"), "dbmigrations");
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            clockWatch.close();
            operator.stop();
            leadership.ifPresent(Leadership::close);
            client.close();
            health.close();
            LOG.info("stopped");
        }
    }
}
