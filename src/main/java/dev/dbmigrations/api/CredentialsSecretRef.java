package dev.dbmigrations.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The Secret with the credentials. It has no namespace: rule 11.
 *
 * @param name the Secret's name
 * @param key the one key that holds a URI or a JSON document; found by form when absent
 * @param env extra environment variable → credential part ({@code host}, {@code port}, {@code user},
 *     {@code password}, {@code dbname}, {@code url})
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record CredentialsSecretRef(String name, @Nullable String key, Map<String, String> env) {

    public CredentialsSecretRef {
        name = Objects.requireNonNullElse(name, "");
        env = Lenient.map(env);
    }
}
