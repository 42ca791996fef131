package dev.dbmigrations.telemetry;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.ShortText;
import io.fabric8.kubernetes.api.model.MicroTime;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import io.fabric8.kubernetes.api.model.events.v1.Event;
import io.fabric8.kubernetes.api.model.events.v1.EventBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes Kubernetes events, which {@code kubectl describe} shows. An event that cannot be written stops nothing. */
public final class EventLog {

    private static final Logger LOG = LoggerFactory.getLogger(EventLog.class);
    private static final String CONTROLLER = "dbmigrations.dev/operator";
    private static final DateTimeFormatter MICROS =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

    /** The API server's own limit of an event's note, in bytes. */
    private static final int LONGEST_NOTE = 1024;

    private final KubernetesClient client;
    private final Clock clock;
    private final String instance;

    /** @param instance this process, such as the pod's name */
    public EventLog(KubernetesClient client, Clock clock, String instance) {
        this.client = client;
        this.clock = clock;
        this.instance = instance;
    }

    /** Something went as it should. */
    public void normal(DatabaseMigration resource, String reason, String message) {
        write(resource, "Normal", reason, message);
    }

    /** Something went wrong. */
    public void warning(DatabaseMigration resource, String reason, String message) {
        write(resource, "Warning", reason, message);
    }

    private void write(DatabaseMigration resource, String type, String reason, String message) {
        Event event = new EventBuilder()
                .withNewMetadata()
                .withGenerateName(prefix(resource.getMetadata().getName()))
                .withNamespace(resource.getMetadata().getNamespace())
                .endMetadata()
                .withEventTime(new MicroTime(MICROS.format(clock.instant())))
                .withType(type)
                .withReason(reason)
                .withAction("Migrate")
                .withNote(ShortText.ofBytes(message, LONGEST_NOTE))
                .withReportingController(CONTROLLER)
                .withReportingInstance(instance)
                .withRegarding(new ObjectReferenceBuilder()
                        .withApiVersion(resource.getApiVersion())
                        .withKind(resource.getKind())
                        .withName(resource.getMetadata().getName())
                        .withNamespace(resource.getMetadata().getNamespace())
                        .withUid(resource.getMetadata().getUid())
                        .build())
                .build();
        try {
            client.events().v1().events().resource(event).create();
        } catch (KubernetesClientException e) {
            LOG.warn("an event could not be written: {}", e.getMessage());
        }
    }

    private static String prefix(String name) {
        return (name.length() <= 50 ? name : name.substring(0, 50)) + "-";
    }
}
