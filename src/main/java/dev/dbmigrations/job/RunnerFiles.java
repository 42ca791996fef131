package dev.dbmigrations.job;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The runner's Python files, as they travel in the jar and reach a pod through a ConfigMap.
 *
 * @param byName file name → text
 */
public record RunnerFiles(Map<String, String> byName) {

    private static final String ENTRY = "/dbmigrations_runner/__main__.py";

    /**
     * Reads the files that the jar (or, in a test, the folder of classes) carries. A jar can be opened once at a time.
     *
     * @throws IllegalStateException when it carries none: it was not built by this project's build
     */
    public static synchronized RunnerFiles fromClassPath() {
        URL entry = RunnerFiles.class.getResource(ENTRY);
        if (entry == null) {
            throw new IllegalStateException("the class path lacks " + ENTRY + ": build it with ./mvnw package");
        }
        try {
            URI uri = entry.toURI();
            if (!uri.getScheme().equals("jar")) {
                return in(Path.of(uri).getParent());
            }
            try (FileSystem jar = FileSystems.newFileSystem(uri, Map.of())) {
                return in(jar.getPath(ENTRY).getParent());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(entry + " is no URI", e);
        }
    }

    private static RunnerFiles in(@Nullable Path folder) throws IOException {
        Map<String, String> files = new HashMap<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(Objects.requireNonNull(folder), "*.py")) {
            for (Path file : found) {
                files.put(Objects.requireNonNull(file.getFileName()).toString(), Files.readString(file));
            }
        }
        return new RunnerFiles(Map.copyOf(files));
    }

    /** {@return {@code dbmigrations-runner-<hash>}: another runner is another ConfigMap, and old Jobs keep theirs} */
    public String configMapName() {
        StringBuilder all = new StringBuilder();
        new TreeMap<>(byName)
                .forEach((name, text) ->
                        all.append(name).append('\0').append(text).append('\0'));
        return "dbmigrations-runner-" + AttemptName.hash(all.toString());
    }

    /** {@return the ConfigMap, immutable, with its first owner} */
    ConfigMap configMap(String namespace, OwnerReference owner) {
        return new ConfigMapBuilder()
                .withNewMetadata()
                .withName(configMapName())
                .withNamespace(namespace)
                .addToLabels(Labels.MANAGED_BY, Labels.MANAGED_BY_US)
                .withOwnerReferences(owner)
                .endMetadata()
                .withImmutable(true)
                .withData(byName)
                .build();
    }
}
