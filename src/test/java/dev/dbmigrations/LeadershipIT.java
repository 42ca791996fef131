package dev.dbmigrations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.Leadership.LeaseName;
import dev.dbmigrations.testing.Cluster;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Operators that seek one lease of a real API server. */
class LeadershipIT {

    private static final KubernetesClient client = Cluster.withoutOperator().client();

    /** One that counts what it is told. */
    private static final class Candidate implements AutoCloseable {
        final AtomicInteger gained = new AtomicInteger();
        final AtomicInteger lost = new AtomicInteger();
        final AtomicInteger stoodBy = new AtomicInteger();
        final Leadership leadership;

        Candidate(LeaseName lease, String identity) {
            leadership = Leadership.seek(
                    client, lease, identity, gained::incrementAndGet, lost::incrementAndGet, stoodBy::incrementAndGet);
        }

        @Override
        public void close() {
            leadership.close();
        }
    }

    @Test
    void oneLeadsUntilItResignsAndThenTheNext() {
        LeaseName lease = new LeaseName("default", "resigned");
        try (Candidate first = new Candidate(lease, "first")) {
            await().until(() -> first.gained.get() == 1);
            try (Candidate second = new Candidate(lease, "second")) {
                assertThat(second.stoodBy).hasValue(1);
                assertThat(second.gained).hasValue(0);

                first.leadership.close();
                await().atMost(Duration.ofSeconds(30)).until(() -> second.gained.get() == 1);
                assertThat(holder(lease)).isEqualTo("second");
                assertThat(first.lost).as("who resigns has lost nothing").hasValue(0);
            }
        }
    }

    @Test
    void whoLosesTheLeaseIsToldOnce() {
        LeaseName lease = new LeaseName("default", "lost");
        try (Candidate leader = new Candidate(lease, "leader")) {
            await().until(() -> leader.gained.get() == 1);

            client.leases()
                    .inNamespace("default")
                    .withName("lost")
                    .patch(
                            PatchContext.of(PatchType.JSON_MERGE),
                            "{\"spec\": {\"holderIdentity\": \"somebody else\"}}");

            await().atMost(Duration.ofSeconds(30)).until(() -> leader.lost.get() == 1);
            assertThat(leader.gained).hasValue(1);
        }
    }

    @Test
    void theSamePodThatComesAgainHasItsLeaseStill() {
        LeaseName lease = new LeaseName("default", "again");
        Candidate killed = new Candidate(lease, "pod-1");
        await().until(() -> killed.gained.get() == 1);

        try (Candidate again = new Candidate(lease, "pod-1")) {
            await().atMost(Duration.ofSeconds(10)).until(() -> again.gained.get() == 1);
            assertThat(again.stoodBy).hasValue(0);
        }
        killed.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"lease", "/lease", "namespace/", "a/b/c"})
    void aLeaseHasANamespaceAndAName(String text) {
        assertThatThrownBy(() -> LeaseName.of(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(text)
                .hasMessageContaining("<namespace>/<name>");
    }

    private static String holder(LeaseName lease) {
        String holder = client.leases()
                .inNamespace(lease.namespace())
                .withName(lease.name())
                .get()
                .getSpec()
                .getHolderIdentity();
        return holder == null ? "" : holder;
    }
}
