package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.database.Question;
import dev.dbmigrations.database.Reading;
import dev.dbmigrations.job.Attempts;
import dev.dbmigrations.job.Labels;
import dev.dbmigrations.job.PlanStore;
import dev.dbmigrations.telemetry.Telemetry;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.PrimaryUpdateAndCacheUtils;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.slf4j.MDC;

/** The loop: observe, decide, act, report. */
public final class MigrationReconciler implements Reconciler<DatabaseMigration> {

    private static final Duration MOVED_ON = Duration.ofMillis(100);

    private final Clock clock;
    private final DatabaseReadings readings;
    private final Observer observer;
    private final Actor actor;
    private final Telemetry telemetry;
    private final ApprovalReconciler approvals;

    /**
     * @param reader takes one reading of a database, blocking; it is called beside the loop
     * @param approvals is told of what changes for them
     */
    public MigrationReconciler(
            KubernetesClient client,
            Attempts attempts,
            Function<? super Question, ? extends Reading> reader,
            Telemetry telemetry,
            ApprovalReconciler approvals,
            Policy policy,
            Clock clock) {
        this.clock = clock;
        this.telemetry = telemetry;
        this.approvals = approvals;
        this.readings = new DatabaseReadings(reader, this::gone);
        Plans plans = new Plans(attempts, new PlanStore(client));
        this.observer = new Observer(new Secrets(client), readings, attempts, plans, policy);
        this.actor = new Actor(attempts, plans, new Approvals(client), observer);
    }

    @Override
    public UpdateControl<DatabaseMigration> reconcile(DatabaseMigration resource, Context<DatabaseMigration> context) {
        try (var _ = MDC.putCloseable(
                "resource",
                resource.getMetadata().getNamespace() + "/"
                        + resource.getMetadata().getName())) {
            Instant now = clock.instant();
            Observation seen = observer.observe(resource, context, now);
            Decision decision = actor.act(resource, seen, Decide.decide(seen, now), now);
            DatabaseMigrationStatus status = Report.of(seen, decision, now);
            Optional<DatabaseMigration> written =
                    status.equals(seen.status()) ? Optional.of(resource) : write(resource, status, context);
            // Known before it exists: a Job that nobody remembers might be deleted, and its work done twice.
            Optional<Decision> refused =
                    written.isPresent() ? actor.begin(resource, seen, decision, now) : Optional.empty();
            if (refused.isPresent() && written.isPresent()) {
                // What was observed before it still holds: there never was such an attempt.
                decision = refused.get();
                status = Report.of(seen, decision, now);
                written = write(written.get(), status, context);
            }
            if (written.isEmpty()) {
                return UpdateControl.<DatabaseMigration>noUpdate().rescheduleAfter(MOVED_ON);
            }
            telemetry.reported(resource, seen.status(), status, currentReadAt(seen));
            approvals.reported(resource, seen.status(), status);
            return UpdateControl.<DatabaseMigration>noUpdate()
                    .rescheduleAfter(Schedule.next(resource, seen, decision, status, clock.instant()));
        }
    }

    private void gone(DatabaseMigration resource) {
        observer.forget(resource);
        telemetry.gone(resource);
        approvals.gone(resource);
    }

    /**
     * Whole, once, and into the cache as well: the next pass sees it even where the watch lags behind. And only on the
     * version that was observed: what a person changed meanwhile is seen before anything is said of it.
     *
     * @return the resource as it is then; empty where it has moved on
     */
    private static Optional<DatabaseMigration> write(
            DatabaseMigration resource, DatabaseMigrationStatus status, Context<DatabaseMigration> context) {
        String observed = resource.getMetadata().getResourceVersion();
        try {
            return Optional.of(PrimaryUpdateAndCacheUtils.updateStatusAndCacheResource(resource, context, fresh -> {
                // After a conflict the framework comes again, with a version that nobody has decided on.
                if (!fresh.getMetadata().getResourceVersion().equals(observed)) {
                    throw new MovedOnException();
                }
                fresh.setStatus(status);
                return fresh;
            }));
        } catch (MovedOnException e) {
            return Optional.empty();
        }
    }

    private static final class MovedOnException extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private static Optional<Instant> currentReadAt(Observation seen) {
        return seen.reading().filter(Reading.AtRevisions.class::isInstance).map(Reading::at);
    }

    @Override
    public List<EventSource<?, DatabaseMigration>> prepareEventSources(EventSourceContext<DatabaseMigration> context) {
        context.getPrimaryCache().addIndexer(Owner.INDEX, Owner::keys);
        return List.of(labelled(Job.class, context), labelled(Pod.class, context), Approvals.source(context), readings);
    }

    /** One informer for the whole operator, with a selector that the API server applies. */
    private static <R extends HasMetadata> InformerEventSource<R, DatabaseMigration> labelled(
            Class<R> type, EventSourceContext<DatabaseMigration> context) {
        return new InformerEventSource<>(
                InformerEventSourceConfiguration.from(type, DatabaseMigration.class)
                        .withLabelSelector(Labels.SELECTOR)
                        .withSecondaryToPrimaryMapper(MigrationReconciler::resourceOf)
                        .withNamespacesInheritedFromController()
                        // What was there at the start is read with the resource; what is added later we added.
                        .withOnAddFilter(added -> false)
                        .build(),
                context);
    }

    private static Set<ResourceID> resourceOf(HasMetadata jobOrPod) {
        return Optional.ofNullable(jobOrPod.getMetadata().getAnnotations())
                .map(annotations -> annotations.get(Labels.NAME))
                .map(name -> Set.of(new ResourceID(name, jobOrPod.getMetadata().getNamespace())))
                .orElseGet(Set::of);
    }
}
