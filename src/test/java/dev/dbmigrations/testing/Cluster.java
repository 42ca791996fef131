package dev.dbmigrations.testing;

import static org.awaitility.Awaitility.await;

import com.github.dockerjava.api.command.SaveImagesCmd;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.ContainerNetwork;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.BindMode;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.images.builder.Transferable;
import org.testcontainers.k3s.K3sContainer;
import org.testcontainers.utility.DockerImageName;
import org.testcontainers.utility.MountableFile;

/**
 * A real Kubernetes, of one node mostly: one for the whole test JVM, started on first use and gone with it. Tests share
 * it, so each makes namespaces of its own.
 */
public final class Cluster {

    public static final DockerImageName IMAGE = DockerImageName.parse("rancher/k3s:v1.34.4-k3s1");

    private static final String AUDIT_LOG = "/tmp/audit.log";

    /** Which requests service accounts make; nothing of their content. */
    private static final String AUDIT_POLICY = """
            apiVersion: audit.k8s.io/v1
            kind: Policy
            omitStages: [RequestReceived]
            omitManagedFields: true
            rules:
              - level: Metadata
                userGroups: [system:serviceaccounts:dbmigrations]
              - level: None
            """;

    /** By which a second node joins. */
    private static final String TOKEN = "a-token-of-tests";

    private final K3sContainer container;
    private final List<GenericContainer<?>> nodes = new ArrayList<>();
    private final KubernetesClient client;
    private final Set<String> imported = new HashSet<>();

    private Cluster() {
        container = new K3sContainer(IMAGE)
                .withCopyToContainer(Transferable.of(AUDIT_POLICY), "/etc/audit-policy.yaml")
                .withEnv("K3S_TOKEN", TOKEN);
        nodes.add(container);
        List<String> command = new ArrayList<>(List.of(container.getCommandParts()));
        command.add("--kube-apiserver-arg=audit-policy-file=/etc/audit-policy.yaml");
        command.add("--kube-apiserver-arg=audit-log-path=" + AUDIT_LOG);
        container.setCommand(command.toArray(String[]::new));
        container.start();
        // Ryuk, which would do it, cannot run everywhere.
        Runtime.getRuntime().addShutdownHook(new Thread(container::stop));
        Config config = Config.fromKubeconfig(kubeconfig());
        // A test that watches is not blind for long after an outage.
        config.setWatchReconnectInterval(100);
        client = new KubernetesClientBuilder().withConfig(config).build();
        awaitReadyForPods();
    }

    private static final class Holder {
        static final Cluster CLUSTER = new Cluster();
    }

    private static final class WithoutOperator {
        static final Cluster CLUSTER = new Cluster();
    }

    private static final class OfTwoNodes {
        static final Cluster CLUSTER = new Cluster();

        static {
            CLUSTER.join();
        }
    }

    /** {@return the JVM's cluster, ready for pods} */
    public static Cluster shared() {
        return Holder.CLUSTER;
    }

    /** {@return a second one, as lasting, for tests whose objects no operator may answer to} */
    public static Cluster withoutOperator() {
        return WithoutOperator.CLUSTER;
    }

    /** {@return a third one, with a second node, for faults that concern the whole cluster: one test at a time} */
    public static Cluster ofTwoNodes() {
        return OfTwoNodes.CLUSTER;
    }

    private void join() {
        @SuppressWarnings({"resource", "deprecation"}) // stopped by the hook; as K3sContainer does it
        GenericContainer<?> agent = new GenericContainer<>(IMAGE)
                .withPrivilegedMode(true)
                .withCreateContainerCmdModifier(
                        it -> Objects.requireNonNull(it.getHostConfig()).withCgroupnsMode("host"))
                .withFileSystemBind("/sys/fs/cgroup", "/sys/fs/cgroup", BindMode.READ_WRITE)
                .withTmpFs(Map.of("/run", "", "/var/run", ""))
                .withEnv("K3S_URL", "https://" + address() + ":6443")
                .withEnv("K3S_TOKEN", TOKEN)
                .withCommand("agent");
        agent.start();
        Runtime.getRuntime().addShutdownHook(new Thread(agent::stop));
        nodes.add(agent);
        await("the second node").atMost(Duration.ofMinutes(3)).until(() -> readyNodes() == 2);
    }

    private String address() {
        ContainerNetwork network = container.getContainerInfo().getNetworkSettings().getNetworks().values().stream()
                .findFirst()
                .orElseThrow();
        return Objects.requireNonNull(network.getIpAddress());
    }

    /** {@return a client with all rights; never closed by a test} */
    public KubernetesClient client() {
        return client;
    }

    /** {@return a kubeconfig with all rights, for this machine} */
    public String kubeconfig() {
        return container.getKubeConfigYaml();
    }

    /** {@return the first node's container, for faults} */
    public GenericContainer<?> node() {
        return container;
    }

    /** {@return the second node's container, where there is one} */
    public GenericContainer<?> secondNode() {
        return nodes.get(1);
    }

    /** {@return the name that the cluster knows a node by} */
    public static String nameOf(GenericContainer<?> node) {
        return Objects.requireNonNull(node.getContainerInfo().getConfig().getHostName());
    }

    /** Makes an image of the local Docker known to the cluster, once. Its pods must not ask to pull always. */
    public void importImage(String name) {
        importImages(List.of(name));
    }

    /** The same for several, whose common layers travel once. */
    public synchronized void importImages(Collection<String> names) {
        List<String> missing =
                names.stream().filter(name -> !imported.contains(name)).toList();
        if (missing.isEmpty()) {
            return;
        }
        try {
            Path archive = Files.createTempFile("images", ".tar");
            try {
                save(missing, archive);
                for (GenericContainer<?> node : nodes) {
                    node.copyFileToContainer(MountableFile.forHostPath(archive), "/tmp/images.tar");
                    succeed(node, "ctr", "-n", "k8s.io", "images", "import", "/tmp/images.tar");
                    succeed(node, "rm", "/tmp/images.tar");
                }
            } finally {
                Files.delete(archive);
            }
            imported.addAll(missing);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Gives an imported image the name by digest that one from a registry has. {@return that name} */
    public String nameByDigest(String name) {
        String tagged = "docker.io/" + name;
        String byDigest = tagged.substring(0, tagged.lastIndexOf(':')) + "@" + manifestDigest(tagged);
        succeed("ctr", "-n", "k8s.io", "images", "tag", "--force", tagged, byDigest);
        return byDigest;
    }

    /** Takes an imported image away again, under all its names. */
    public void removeImage(String name) {
        String digest = manifestDigest("docker.io/" + name);
        String all = succeed("ctr", "-n", "k8s.io", "images", "ls");
        all.lines()
                .filter(line -> line.contains(" " + digest + " "))
                .map(line -> line.replaceFirst("\\s.*", ""))
                .forEach(each -> succeed("ctr", "-n", "k8s.io", "images", "rm", "--sync", each));
        imported.remove(name);
    }

    private String manifestDigest(String image) {
        return succeed("ctr", "-n", "k8s.io", "images", "ls", "name==" + image)
                .replaceFirst("(?s).*?\\n\\S+\\s+\\S+\\s+(sha256:\\S+).*", "$1");
    }

    /** {@return the requests that the operator has made, as the API server's audit log has them, a JSON document a line} */
    public List<String> audit() {
        return succeed("cat", AUDIT_LOG).lines().toList();
    }

    /** {@return what {@code kubectl} prints}; fails with its error where it fails. */
    public String kubectl(String... arguments) {
        return succeed(withFirst("kubectl", arguments));
    }

    /** {@return how {@code kubectl} ends}, with both of its outputs. */
    public ExecResult tryKubectl(String... arguments) {
        return run(container, withFirst("kubectl", arguments));
    }

    /** Puts a file or folder where {@code kubectl} can read it, and {@return its path there}. */
    public String give(Path file) {
        String there = "/tmp/" + file.getFileName();
        container.copyFileToContainer(MountableFile.forHostPath(file), there);
        return there;
    }

    private String succeed(String... command) {
        return succeed(container, command);
    }

    private static String succeed(GenericContainer<?> node, String... command) {
        ExecResult result = run(node, command);
        if (result.getExitCode() != 0) {
            throw new AssertionError("%s ended with %d:\n%s%s"
                    .formatted(
                            String.join(" ", command), result.getExitCode(), result.getStdout(), result.getStderr()));
        }
        return result.getStdout();
    }

    private static ExecResult run(GenericContainer<?> node, String... command) {
        try {
            return node.execInContainer(StandardCharsets.UTF_8, command);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static void save(List<String> names, Path to) throws IOException {
        SaveImagesCmd command = DockerClientFactory.lazyClient().saveImagesCmd();
        for (String name : names) {
            DockerImageName image = DockerImageName.parse(name);
            command = command.withImage(image.getUnversionedPart(), image.getVersionPart());
        }
        try (InputStream images = command.exec()) {
            Files.copy(images, to, StandardCopyOption.REPLACE_EXISTING);
        } catch (NotFoundException e) {
            throw new AssertionError("one of the images " + names + " is not here; build it first", e);
        }
    }

    /** The container's log line comes before the node is ready and before pods may be created. */
    private void awaitReadyForPods() {
        await().atMost(Duration.ofMinutes(2)).ignoreExceptions().until(() -> {
            ServiceAccount account = client.serviceAccounts()
                    .inNamespace("default")
                    .withName("default")
                    .get();
            return account != null && readyNodes() > 0;
        });
    }

    private long readyNodes() {
        return client.nodes().list().getItems().stream()
                .filter(node -> node.getStatus().getConditions().stream()
                        .anyMatch(c ->
                                c.getType().equals("Ready") && c.getStatus().equals("True")))
                .count();
    }

    private static String[] withFirst(String first, String... rest) {
        String[] all = new String[rest.length + 1];
        all[0] = first;
        System.arraycopy(rest, 0, all, 1, rest.length);
        return all;
    }
}
