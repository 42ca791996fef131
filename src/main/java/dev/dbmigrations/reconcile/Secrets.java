package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.CredentialsSecretRef;
import dev.dbmigrations.database.Credentials;
import dev.dbmigrations.database.InvalidCredentials;
import dev.dbmigrations.reconcile.SecretState.Invalid;
import dev.dbmigrations.reconcile.SecretState.Missing;
import dev.dbmigrations.reconcile.SecretState.Present;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Reads Secrets one by one, when they are needed: the operator has no right to list or watch them (rule 11). */
final class Secrets {

    private final KubernetesClient client;

    Secrets(KubernetesClient client) {
        this.client = client;
    }

    /** {@return what is in the resource's own namespace under the name that it gives} */
    SecretState read(String namespace, CredentialsSecretRef ref) {
        Secret secret;
        try {
            secret =
                    client.secrets().inNamespace(namespace).withName(ref.name()).get();
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_FORBIDDEN) {
                return new Missing("the operator may not read Secret " + ref.name() + " in namespace " + namespace
                        + ": give its service account the right to get Secrets there");
            }
            throw e;
        }
        if (secret == null) {
            return new Missing("there is no Secret " + ref.name() + " in namespace " + namespace);
        }
        String version = secret.getMetadata().getResourceVersion();
        try {
            return new Present(version, Credentials.parseBytes(decoded(secret), ref.key()));
        } catch (InvalidCredentials e) {
            return new Invalid(version, "Secret " + ref.name() + ": " + e.getMessage());
        }
    }

    private static Map<String, byte[]> decoded(Secret secret) {
        Map<String, byte[]> values = new HashMap<>();
        Optional.ofNullable(secret.getData())
                .orElse(Map.of())
                .forEach((key, value) -> values.put(key, Base64.getDecoder().decode(value)));
        return values;
    }
}
