package dev.dbmigrations.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.testing.Cluster;
import dev.dbmigrations.testing.CredentialScan;
import dev.dbmigrations.testing.Namespaces;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.PodResource;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A team that uses the operator: each test is one. It has a namespace that enforces the restricted Pod Security
 * Standard, databases, and Secrets.
 *
 * <p>After each test it looks at everything that the test left: whether all statuses were such as kstatus wants them,
 * whether each revision that one reported had really been in a database, and whether no credential shows anywhere.
 */
final class Team implements BeforeEachCallback, AfterEachCallback {

    /** Label of a namespace whose pods must pass the restricted Pod Security Standard. */
    static final Map<String, String> RESTRICTED = Map.of("pod-security.kubernetes.io/enforce", "restricted");

    /** Name of the Secret that most tests have. */
    static final String SECRET = "shop-db";

    private final String namespace = "team-" + DatabaseServer.unique();
    private final List<Database> databases = new ArrayList<>();
    private final KubernetesClient client = Cluster.shared().client();
    private final Everything everything = new Everything(client, namespace);

    @Override
    public void beforeEach(ExtensionContext context) {
        InstalledOperator.shared();
        StatusWatch.shared();
        Namespaces.create(client, namespace, RESTRICTED);
    }

    String namespace() {
        return namespace;
    }

    /** {@return a new database, with a Secret {@value #SECRET} in parts that leads to it} */
    Database databaseWithSecret() {
        Database database = database();
        secret(SECRET, database.inParts());
        return database;
    }

    /** Makes the Secret that leads to a database which is there already, another team's perhaps. */
    void uses(Database database) {
        databases.add(database);
        secret(SECRET, database.inParts());
    }

    /** {@return a new database} */
    Database database() {
        return database("shop-" + DatabaseServer.unique(), "pass-" + DatabaseServer.unique());
    }

    /** {@return a new database of that name, whose role has that password} */
    Database database(String name, String password) {
        Database database = DatabaseServer.shared().create(name, "role-" + DatabaseServer.unique(), password);
        CredentialScan.shared().add("the password of " + name, password);
        CredentialScan.shared().add("the role of " + name, database.role());
        databases.add(database);
        return database;
    }

    /** Makes a Secret, or changes it. */
    void secret(String name, Map<String, String> values) {
        CredentialScan.shared().addSecret(name, values);
        Namespaces.secret(client, namespace, name, values);
    }

    /** Makes any object in the team's namespace from its manifest. */
    void apply(String yaml) {
        client.resource(yaml).inNamespace(namespace).create();
    }

    /** Removes an object of the team's namespace. */
    void remove(String manifest) {
        client.resource(manifest).inNamespace(namespace).delete();
    }

    /** Waits until a pod of the team's own has ended, and fails with its log where it ended badly. */
    void awaitSuccess(String pod) {
        PodResource resource = client.pods().inNamespace(namespace).withName(pod);
        String phase = await("end of pod " + pod)
                .atMost(Duration.ofMinutes(5))
                .until(() -> resource.get().getStatus().getPhase(), Set.of("Succeeded", "Failed")::contains);
        assertThat(phase).as(() -> resource.getLog()).isEqualTo("Succeeded");
    }

    /** Makes a {@code DatabaseMigration} named shop. */
    Migration migration(String spec) {
        return migration("shop", spec);
    }

    Migration migration(String name, String spec) {
        apply(Serialization.asJson(Map.of(
                "apiVersion",
                "dbmigrations.dev/v1alpha1",
                "kind",
                "DatabaseMigration",
                "metadata",
                Map.of("name", name),
                "spec",
                fields(spec))));
        return new Migration(client, namespace, name);
    }

    /**
     * {@return the spec that brings the Secret's database to a revision of one of the test trees}
     *
     * @param more further fields of the spec; those that are there already are replaced
     */
    static String tree(String folder, String target, String... more) {
        Map<String, Object> spec = fields("""
                targetRevision: %s
                image: %s
                alembic: {workingDir: /trees/%s}
                credentialsSecretRef: {name: %s}
                """.formatted(target, Images.TREES, folder, SECRET));
        for (String fields : more) {
            merge(fields(fields), spec);
        }
        return Serialization.asYaml(spec);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> fields(String yaml) {
        return Serialization.unmarshal(yaml, Map.class);
    }

    @SuppressWarnings("unchecked")
    private static void merge(Map<String, Object> more, Map<String, Object> spec) {
        more.forEach((name, value) -> {
            if (value instanceof Map && spec.get(name) instanceof Map) {
                merge((Map<String, Object>) value, (Map<String, Object>) spec.get(name));
            } else {
                spec.put(name, value);
            }
        });
    }

    /** {@return every status that the watch has seen of this team's resources, oldest first} */
    List<DatabaseMigrationStatus> statusesSeen() {
        return StatusWatch.shared().seenIn(namespace).stream()
                .map(DatabaseMigration::getStatus)
                .toList();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        try {
            if (context.getExecutionException().isEmpty()) {
                assertThatWhatItLeftIsSound();
            } else {
                System.err.println(everything.described(context.getDisplayName()));
            }
            assertThatNoCredentialShows();
        } catch (AssertionError e) {
            System.err.println(everything.described(context.getDisplayName()));
            throw e;
        } finally {
            client.namespaces().withName(namespace).delete();
        }
    }

    private void assertThatWhatItLeftIsSound() {
        assertThat(StatusWatch.shared().faultsIn(namespace)).isEmpty();
        assertThat(revisionsReported())
                .as("revisions that were reported, and every state that a database really had")
                .isSubsetOf(statesEverCommitted());
    }

    /** Of this test and of all before it: some of what they made the operator write stays, as its log does. */
    private void assertThatNoCredentialShows() {
        assertThat(placesThatShowCredentials()).isEmpty();
    }

    /** {@return place → which ones} */
    Map<String, List<String>> placesThatShowCredentials() {
        Map<String, List<String>> shown = new TreeMap<>();
        everything
                .places()
                .forEach((place, text) ->
                        shown.put(place, CredentialScan.shared().in(text)));
        shown.values().removeIf(List::isEmpty);
        return shown;
    }

    private Set<List<String>> revisionsReported() {
        return statusesSeen().stream()
                .map(DatabaseMigrationStatus::currentRevisions)
                .filter(revisions -> revisions != null)
                .collect(Collectors.toSet());
    }

    private Set<List<String>> statesEverCommitted() {
        Set<List<String>> all = new HashSet<>(Set.of(List.of()));
        databases.forEach(database -> all.addAll(database.statesEverCommitted()));
        return all;
    }
}
