package dev.dbmigrations.testing;

import com.marcnuri.helm.UpgradeCommand;
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

    private Helm() {}

    /** Installs or upgrades the chart with these values and waits until it is ready. {@return Helm's output} */
    public static String install(String release, String namespace, Map<String, ?> values, String kubeconfig) {
        UpgradeCommand command = upgrade(CHART, release, namespace)
                .withKubeConfigContents(kubeconfig)
                .waitReady()
                .withTimeout(180);
        values.forEach(command::set);
        return command.call().getOutput();
    }

    /** {@return the manifests that the chart makes of these values} */
    public static String template(String namespace, Map<String, ?> values) {
        var command = new com.marcnuri.helm.Helm(CHART)
                .template()
                .withName("dbmigrations")
                .withNamespace(namespace);
        values.forEach(command::set);
        return command.call();
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
        } else {
            System.out.println(new Options(new ArrayDeque<>(Arrays.asList(arguments))).run());
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
                    case "--set" -> {
                        String[] pair = words.pop().split("=", 2);
                        sets.put(pair[0], pair[1]);
                    }
                    default -> {
                        if (word.startsWith("-")) {
                            throw new IllegalArgumentException("Helm.java does not know " + word);
                        }
                        positions.add(word);
                    }
                }
            }
        }

        String run() {
            String command = positions.pop();
            return switch (command) {
                case "upgrade", "install" -> upgrade();
                case "uninstall" -> uninstall();
                case "template" -> template();
                case "lint" -> lint();
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
                    .withNamespace(namespace);
            sets.forEach(command::set);
            files.forEach(command::withValuesFile);
            return command.call();
        }

        private String lint() {
            var result = new com.marcnuri.helm.Helm(chart()).lint().strict().call();
            String messages = String.join("\n", result.getMessages());
            if (result.isFailed()) {
                throw new IllegalStateException(messages);
            }
            return messages;
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
