package dev.dbmigrations.api;

import static java.util.stream.Collectors.toUnmodifiableMap;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
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

    /** {@return the list without nulls; null where there is none} */
    static <T> @Nullable List<T> nullableList(@Nullable List<T> read) {
        return read == null ? null : list(read);
    }

    /** {@return the part; null where it lacks one of these} */
    @SafeVarargs
    static <T> @Nullable T whole(@Nullable T part, Function<? super T, ? extends @Nullable Object>... needed) {
        if (part != null) {
            for (Function<? super T, ? extends @Nullable Object> field : needed) {
                if (field.apply(part) == null) {
                    return null;
                }
            }
        }
        return part;
    }

    /** {@return the time, where the text is one} */
    static Optional<Instant> instant(String text) {
        try {
            return Optional.of(Instant.parse(text));
        } catch (DateTimeParseException e) {
            return Optional.empty();
        }
    }
}
