package dev.dbmigrations;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.testing.Cluster;
import dev.dbmigrations.testing.Helm;
import dev.dbmigrations.testing.OperatorImage;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The chart in a cluster: it installs where only restricted pods may run, and gives the rights that it says. */
class ChartIT {

    private static final String NAMESPACE = "chart";
    private static final String ACCOUNT = "--as=system:serviceaccount:chart:dbmigrations";

    private static final Cluster cluster = Cluster.shared();

    @BeforeAll
    static void install() {
        cluster.importImage(OperatorImage.name());
        cluster.client()
                .namespaces()
                .resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(NAMESPACE)
                        .addToLabels("pod-security.kubernetes.io/enforce", "restricted")
                        .endMetadata()
                        .build())
                .create();
        Helm.install("dbmigrations", NAMESPACE, Map.of("image.tag", OperatorImage.TAG), cluster.kubeconfig());
    }

    @AfterAll
    static void remove() {
        Helm.uninstall("dbmigrations", NAMESPACE, cluster.kubeconfig());
        cluster.client().namespaces().withName(NAMESPACE).delete();
    }

    @Test
    void theOperatorIsReadyInARestrictedNamespace() {
        assertThat(cluster.kubectl("get", "deployment", "dbmigrations", "-n", NAMESPACE))
                .contains("1/1");
        assertThat(cluster.kubectl("get", "pods", "-n", NAMESPACE, "-o", "jsonpath={.items[*].status.phase}"))
                .isEqualTo("Running");
        assertThat(cluster.kubectl("logs", "-n", NAMESPACE, "deployment/dbmigrations"))
                .contains("started; looking after [chart]")
                .doesNotContain("ERROR");
    }

    @Test
    void secretsCanBeReadByNameAndNotListed() {
        assertThat(mayDo("get", "secrets", NAMESPACE)).isTrue();
        assertThat(mayDo("list", "secrets", NAMESPACE)).isFalse();
        assertThat(mayDo("watch", "secrets", NAMESPACE)).isFalse();
        assertThat(mayDo("get", "secrets", "default")).isFalse();
        assertThat(mayDo("create", "pods", NAMESPACE, "--subresource=exec")).isFalse();
        assertThat(mayDo("update", "databasemigrations", NAMESPACE)).isFalse();
        assertThat(mayDo("create", "migrationapprovals", NAMESPACE)).isFalse();
    }

    /** All of them, as the API server lists them: what every service account may ask about itself included. */
    @Test
    void rightsAreTheExpectedOnes() throws IOException {
        String all = cluster.kubectl("auth", "can-i", "--list", "-n", NAMESPACE, ACCOUNT);

        assertThat(lines(all)).isEqualTo(lines(Files.readString(Path.of("src/test/resources/chart/can-i-list.txt"))));
        assertThat(lines(cluster.kubectl("auth", "can-i", "--list", "-n", "default", ACCOUNT)))
                .as("rights in a namespace that is not looked after")
                .isEqualTo(lines(cluster.kubectl(
                        "auth", "can-i", "--list", "-n", "default", "--as=system:serviceaccount:chart:default")));
    }

    /** {@return the lines in order, with one blank between words} */
    private static String lines(String text) {
        return text.lines()
                .map(line -> line.strip().replaceAll("\\s+", " "))
                // The paths that everybody may read, such as /version, are the cluster's matter.
                .filter(line -> !line.isEmpty() && !line.matches("\\[/\\S+] \\[] \\[get]"))
                .sorted()
                .collect(Collectors.joining("\n", "", "\n"));
    }

    private static boolean mayDo(String verb, String resource, String namespace, String... options) {
        String[] question = {"auth", "can-i", verb, resource, "-n", namespace, ACCOUNT};
        return cluster.tryKubectl(
                        Stream.concat(Stream.of(question), Stream.of(options)).toArray(String[]::new))
                .getStdout()
                .startsWith("yes");
    }
}
