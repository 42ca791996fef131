package dev.dbmigrations.api;

import static java.util.stream.Collectors.toUnmodifiableMap;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Lists and maps as Jackson reads them, without nulls: one resource that cannot be read would stop the informer of all. */
final class Lenient {

    private Lenient() {}

    static <T> List<T> list(@Nullable List<T> read) {
        return read == null ? List.of() : read.stream().filter(Objects::nonNull).toList();
    }

    static <T> Map<String, T> map(@Nullable Map<String, T> read) {
        return read == null
                ? Map.of()
                : read.entrySet().stream()
                        .filter(entry -> entry.getValue() != null)
                        .collect(toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));
    }
}
