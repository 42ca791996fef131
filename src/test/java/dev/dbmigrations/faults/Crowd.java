package dev.dbmigrations.faults;

import dev.dbmigrations.system.Migration;
import dev.dbmigrations.testing.Namespaces;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** A namespace in which there are several resources, and one operator that looks after them. */
final class Crowd implements AutoCloseable {

    private static final AtomicInteger COUNT = new AtomicInteger();

    private final Ground ground = Ground.shared();
    private final KubernetesClient client = ground.client();
    private final String namespace = "crowd-" + COUNT.incrementAndGet();
    private final List<LedgerDatabase> databases = new CopyOnWriteArrayList<>();
    private final OperatorUnderTest operator;

    Crowd(Fault.Plan faults) {
        Namespaces.create(client, namespace, Map.of());
        operator = new OperatorUnderTest(ground.upstream(), namespace, instance -> faults);
    }

    KubernetesClient client() {
        return client;
    }

    String namespace() {
        return namespace;
    }

    List<Call> calls() {
        return operator.calls();
    }

    /** {@return how many Jobs were made in all} */
    int jobs() {
        return ground.watch().jobsMade(namespace).size();
    }

    LedgerDatabase database(String name, boolean atHead) {
        String full = namespace + "-" + name;
        LedgerDatabase database = atHead
                ? LedgerServer.shared().atHead(full)
                : LedgerServer.shared().empty(full);
        databases.add(database);
        return database;
    }

    void secret(String name, Map<String, String> values) {
        Namespaces.secret(client, namespace, name, values);
    }

    /** {@return a resource that wants all revisions, by the Secret of its own name} */
    Migration migration(String name) {
        client.resource(manifest(name, Trees.THIRD)).inNamespace(namespace).create();
        return new Migration(client, namespace, name);
    }

    static String manifest(String name, String target) {
        return """
                apiVersion: dbmigrations.dev/v1alpha1
                kind: DatabaseMigration
                metadata: {name: %s}
                spec:
                  targetRevision: %s
                  image: %s
                  credentialsSecretRef: {name: %s}
                  alembic: {workingDir: /trees/ledger}
                """.formatted(name, target, Trees.IMAGE, name);
    }

    @Override
    public void close() {
        operator.close();
        client.namespaces().withName(namespace).delete();
        databases.forEach(LedgerDatabase::drop);
    }
}
