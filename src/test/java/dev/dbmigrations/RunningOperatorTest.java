package dev.dbmigrations;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What of the wiring no other test would miss. */
class RunningOperatorTest {

    /** The pause between two tries to watch grows to 32 times the first one. */
    @Test
    void aWatchIsBackWithinTenSecondsOfTheApiServer() {
        try (KubernetesClient client = RunningOperator.client(new ConfigBuilder().build())) {
            Duration first = Duration.ofMillis(client.getConfiguration().getWatchReconnectInterval());

            assertThat(first.multipliedBy(32)).isLessThan(Duration.ofSeconds(10));
        }
    }
}
