package dev.dbmigrations.testing;

import com.marcnuri.helm.LintResult;
import com.marcnuri.helm.UpgradeCommand;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Helm, for tests and for machines without a {@code helm}. On the command line (see {@code .ci/helm}, which prefers a
 * {@code helm} that is there) it understands the part of Helm's own words that this project uses:
 *
 * <pre>{@code
 * .ci/helm upgrade --install dbmigrations helm/dbmigrations --namespace dbmigrations --create-namespace \
 *     [--set key=value]… [--values file]… [--wait] [--timeout 120s] [--kubeconfig file]
 * .ci/helm uninstall dbmigrations --namespace dbmigrations
 * .ci/helm template dbmigrations helm/dbmigrations
 * .ci/helm lint helm/dbmigrations
 * .ci/helm package helm/dbmigrations --destination target
 * }</pre>
 */
public final class Helm {

    /** The project's chart. */
    public static final Path CHART = Path.of("helm/dbmigrations");

    /** What a template is made for, where no cluster is asked; the library's own idea is from 2020. */
    private static final String KUBERNETES = "1.34.4";

    private Helm() {}

    /** Installs or upgrades the chart with these values and waits until it is ready. {@return Helm's output} */
    public static String install(String release, String namespace, Map<String, ?> values, String kubeconfig) {
        return install(release, namespace, values, kubeconfig, true);
    }

    /** Installs or upgrades the chart with these values, and leaves it to come up. {@return Helm's output} */
    public static String submit(String release, String namespace, Map<String, ?> values, String kubeconfig) {
        return install(release, namespace, values, kubeconfig, false);
    }

    private static String install(
            String release, String namespace, Map<String, ?> values, String kubeconfig, boolean waits) {
        try {
            // The library forgets a kubeconfig that is given as text when an upgrade turns out to be an installation.
            Path file = Files.createTempFile("kubeconfig", ".yaml");
            try {
                Files.writeString(file, kubeconfig);
                UpgradeCommand command =
                        upgrade(CHART, release, namespace).withKubeConfig(file).withTimeout(180);
                if (waits) {
                    command.waitReady();
                }
                values.forEach(command::set);
                return command.call().getOutput();
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Removes a release; the CRD and its resources stay. */
    public static void uninstall(String release, String namespace, String kubeconfig) {
        com.marcnuri.helm.Helm.uninstall(release)
                .withNamespace(namespace)
                .withKubeConfigContents(kubeconfig)
                .call();
    }

    /** {@return the manifests that the chart makes of these values} */
    public static String template(String namespace, Map<String, ?> values) {
        var command = new com.marcnuri.helm.Helm(CHART)
                .template()
                .withName("dbmigrations")
                .withKubeVersion(KUBERNETES)
                .withNamespace(namespace);
        values.forEach(command::set);
        return command.call();
    }

    /** {@return what Helm's strict review says of the chart}; fails where it fails. */
    public static String lint() {
        return lint(CHART);
    }

    private static String lint(Path chart) {
        LintResult result = new com.marcnuri.helm.Helm(chart).lint().strict().call();
        String messages = String.join("\n", result.getMessages());
        if (result.isFailed()) {
            throw new IllegalStateException(messages);
        }
        return messages;
    }

    private static UpgradeCommand upgrade(Path chart, String release, String namespace) {
        return new com.marcnuri.helm.Helm(chart)
                .upgrade()
                .install()
                .withName(release)
                .withNamespace(namespace)
                .createNamespace();
    }

    /** Helm's command line, as far as this project needs it. */
    public static void main(String[] arguments) {
        if (Arrays.asList(arguments).equals(List.of("launcher"))) {
            launcher().forEach(System.out::println);
            return;
        }
        try {
            System.out.println(new Options(new ArrayDeque<>(Arrays.asList(arguments))).run());
        } catch (IllegalStateException | IllegalArgumentException e) {
            System.err.println("Error: " + e.getMessage());
            System.exit(1);
        }
    }

    /** {@return the command, a word a line, that starts this class again without asking Maven for Java and libraries} */
    private static List<String> launcher() {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Helm.class.getName());
    }

    /** Options may stand anywhere, as with Helm. */
    private static final class Options {
        private final Deque<String> positions = new ArrayDeque<>();
        private final Map<String, String> sets = new LinkedHashMap<>();
        private final Deque<Path> files = new ArrayDeque<>();
        private String namespace = "default";
        private Path destination = Path.of(".");
        private String kubeconfig = "";
        private int timeoutSeconds = 300;
        private boolean waits;

        Options(Deque<String> words) {
            while (!words.isEmpty()) {
                String word = words.pop();
                switch (word) {
                    case "--install", "-i", "--create-namespace", "--strict" -> {}
                    case "--wait" -> waits = true;
                    case "--namespace", "-n" -> namespace = words.pop();
                    case "--destination", "-d" -> destination = Path.of(words.pop());
                    case "--kubeconfig" -> kubeconfig = words.pop();
                    case "--timeout" -> timeoutSeconds = seconds(words.pop());
                    case "--values", "-f" -> files.add(Path.of(words.pop()));
                    case "--set" -> set(words.pop());
                    default -> {
                        if (word.startsWith("-")) {
                            throw new IllegalArgumentException("Helm.java does not know " + word);
                        }
                        positions.add(word);
                    }
                }
            }
        }

        /** One {@code key=value}; a list is {@code key={a,b}}, which the library takes element by element only. */
        private void set(String text) {
            String[] pair = text.split("=", 2);
            if (pair[1].matches("[{].*[}]")) {
                String[] elements = pair[1].substring(1, pair[1].length() - 1).split(",", -1);
                for (int i = 0; i < elements.length; i++) {
                    sets.put(pair[0] + "[" + i + "]", elements[i]);
                }
            } else {
                sets.put(pair[0], pair[1]);
            }
        }

        String run() {
            String command = positions.pop();
            return switch (command) {
                case "upgrade", "install" -> upgrade();
                case "uninstall" -> uninstall();
                case "template" -> template();
                case "lint" -> Helm.lint(chart());
                case "package" -> pack();
                default -> throw new IllegalArgumentException("Helm.java does not know " + command);
            };
        }

        private String upgrade() {
            String release = positions.pop();
            UpgradeCommand command = Helm.upgrade(chart(), release, namespace).withTimeout(timeoutSeconds);
            sets.forEach(command::set);
            files.forEach(command::withValuesFile);
            if (waits) {
                command.waitReady();
            }
            if (!kubeconfig.isEmpty()) {
                command.withKubeConfig(Path.of(kubeconfig));
            }
            return command.call().getOutput();
        }

        private String uninstall() {
            var command = com.marcnuri.helm.Helm.uninstall(positions.pop())
                    .withNamespace(namespace)
                    .ignoreNotFound();
            if (!kubeconfig.isEmpty()) {
                command.withKubeConfig(Path.of(kubeconfig));
            }
            return command.call();
        }

        private String template() {
            String release = positions.pop();
            var command = new com.marcnuri.helm.Helm(chart())
                    .template()
                    .withName(release)
                    .withKubeVersion(KUBERNETES)
                    .withNamespace(namespace);
            sets.forEach(command::set);
            files.forEach(command::withValuesFile);
            return command.call();
        }

        private String pack() {
            new com.marcnuri.helm.Helm(chart())
                    .packageIt()
                    .withDestination(destination)
                    .call();
            return "Packaged into " + destination;
        }

        private Path chart() {
            return Path.of(positions.pop());
        }

        private static int seconds(String text) {
            int number = Integer.parseInt(text.substring(0, text.length() - 1));
            return text.endsWith("m") ? number * 60 : number;
        }
    }
}
