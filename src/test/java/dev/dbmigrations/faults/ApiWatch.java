package dev.dbmigrations.faults;

import dev.dbmigrations.api.DatabaseMigration;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Sees every version of every resource and Job that the API server shows, by a client of its own and not the proxy. */
final class ApiWatch {

    /** One version of an object, and when it was seen. */
    record Seen<R>(R object, Instant at) {}

    private final Versions<DatabaseMigration> resources = new Versions<>();
    private final Versions<Job> jobs = new Versions<>();

    /** Watches from now on. */
    ApiWatch(KubernetesClient client) {
        client.resources(DatabaseMigration.class).inAnyNamespace().inform(resources);
        client.batch().v1().jobs().inAnyNamespace().inform(jobs);
    }

    /** {@return the versions of the namespace's resources, oldest first} */
    List<Seen<DatabaseMigration>> resources(String namespace) {
        return resources.in(namespace);
    }

    /** {@return the namespace's Jobs as they were when they were made, oldest first} */
    List<Seen<Job>> jobsMade(String namespace) {
        Map<String, Seen<Job>> made = new LinkedHashMap<>();
        jobs.in(namespace).forEach(seen -> made.putIfAbsent(uid(seen.object()), seen));
        return List.copyOf(made.values());
    }

    private static String uid(HasMetadata object) {
        return object.getMetadata().getUid();
    }

    private static final class Versions<R extends HasMetadata> implements ResourceEventHandler<R> {

        private final Map<String, List<Seen<R>>> byNamespace = new ConcurrentHashMap<>();

        List<Seen<R>> in(String namespace) {
            return List.copyOf(byNamespace.getOrDefault(namespace, List.of()));
        }

        private void saw(R object) {
            byNamespace
                    .computeIfAbsent(object.getMetadata().getNamespace(), namespace -> new CopyOnWriteArrayList<>())
                    .add(new Seen<>(object, Instant.now()));
        }

        @Override
        public void onAdd(R object) {
            saw(object);
        }

        @Override
        public void onUpdate(R before, R object) {
            saw(object);
        }

        @Override
        public void onDelete(R object, boolean finalStateUnknown) {
            // What became of it is asked of the API server itself.
        }
    }
}
