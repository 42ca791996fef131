package dev.dbmigrations.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.dbmigrations.api.ApprovalPolicy;
import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.api.DowngradePolicy;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What whoever installed the operator decides for whole namespaces. */
@NullMarked
class PolicyTest {

    private static final Policy POLICY = Policy.parse("""
            [{"namespaces": ["production", "shop-*"], "leastApproval": "Destructive", "greatestDowngrade": "Requested"},
             {"namespaces": ["*-eu"], "leastApproval": "Always", "greatestDowngrade": "Never"},
             {"namespaces": ["maps"]}]
            """);

    @ParameterizedTest
    @CsvSource({
        "production, Requested",
        "shop-, Requested",
        "shop-us, Requested",
        "shop-eu, Never",
        "maps-eu, Never",
        "maps, Always",
        "shop, Always",
        "preproduction, Always",
        "production2, Always"
    })
    void theStrictestOfAllRulesThatNameTheNamespaceCounts(String namespace, DowngradePolicy greatest) {
        assertThat(POLICY.greatestDowngrade(namespace)).isEqualTo(greatest);
    }

    @ParameterizedTest
    @CsvSource({
        "Always, production, Requested",
        "Requested, production, Requested",
        "Never, production, Never",
        "Always, shop-eu, Never",
        "Requested, shop-eu, Never",
        "Always, staging, Always",
        "Never, staging, Never"
    })
    void theStricterOfPolicyAndSpecCounts(DowngradePolicy asked, String namespace, DowngradePolicy effective) {
        assertThat(POLICY.applied(namespace, asking(asked)).downgrade()).isEqualTo(effective);
    }

    @ParameterizedTest
    @CsvSource({
        "Never, production, Destructive",
        "Destructive, production, Destructive",
        "Always, production, Always",
        "Never, shop-eu, Always",
        "Never, maps, Never",
        "Destructive, staging, Destructive"
    })
    void theStricterApprovalCounts(ApprovalPolicy asked, String namespace, ApprovalPolicy effective) {
        DatabaseMigrationSpec spec = asking(DowngradePolicy.Never).stricter(asked, DowngradePolicy.Never);

        assertThat(POLICY.applied(namespace, spec).approval()).isEqualTo(effective);
    }

    @Test
    void withoutAPolicyEveryResourceDecides() {
        assertThat(Policy.parse("")).isEqualTo(Policy.NONE);
        assertThat(Policy.parse("[]")).isEqualTo(Policy.NONE);
        assertThat(Policy.NONE.applied("production", asking(DowngradePolicy.Always)))
                .isEqualTo(asking(DowngradePolicy.Always));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {                                                  | the policy is no JSON
            {"namespaces": ["a"]}                              | the policy is no list; it is a list such as [{
            ["a"]                                              | policy[0] is no rule; it is a list such as [{
            [{"greatestDowngrade": "Never"}]                   | policy[0].namespaces names none; write namespaces such as
            [{"namespaces": []}]                               | policy[0].namespaces names none; write namespaces such as
            [{"namespaces": "shop"}]                           | policy[0].namespaces names none; write namespaces such as
            [{"namespaces": ["a"]}, {"namespaces": ["Shop"]}]  | policy[1].namespaces has 'Shop', which no namespace is named
            [{"namespaces": ["shop?"]}]                        | policy[0].namespaces has 'shop?', which no namespace is named
            [{"namespaces": ["a"], "greatestDowngrade": "no"}] | policy[0].greatestDowngrade is 'no'; write Never, Requested, Always
            [{"namespaces": ["a"], "leastApproval": "all"}]    | policy[0].leastApproval is 'all'; write Never, Destructive, Always
            [{"namespaces": ["a"], "downgrade": "Never"}]      | policy[0] has a field downgrade; it can have
            """)
    void whatIsNoPolicyIsSaidSo(String json, String refusal) {
        assertThatThrownBy(() -> Policy.parse(json))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(refusal);
    }

    private static DatabaseMigrationSpec asking(DowngradePolicy downgrade) {
        return new KubernetesSerialization().unmarshal("""
                targetRevision: a1
                image: img
                credentialsSecretRef: {name: db}
                downgrade: %s
                """.formatted(downgrade), DatabaseMigrationSpec.class);
    }
}
