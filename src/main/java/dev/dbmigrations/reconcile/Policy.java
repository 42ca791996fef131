package dev.dbmigrations.reconcile;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.dbmigrations.api.ApprovalPolicy;
import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.api.DowngradePolicy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What whoever installed the operator has decided for whole namespaces, against resources that ask for less care.
 *
 * @param rules all that name a namespace count there, the strictest of each kind
 */
public record Policy(List<Rule> rules) {

    /** Leaves everything to the resources. */
    public static final Policy NONE = new Policy(List.of());

    private static final Pattern GLOB = Pattern.compile("[a-z0-9*]([-a-z0-9*]*[a-z0-9*])?");
    private static final String FORM =
            "it is a list such as [{\"namespaces\": [\"shop-*\"], \"greatestDowngrade\":" + " \"Never\"}]";

    public Policy {
        rules = List.copyOf(rules);
    }

    /**
     * One rule.
     *
     * @param namespaces names; {@code *} stands for any characters
     * @param leastApproval the laxest {@code approval} that counts there
     * @param greatestDowngrade the widest {@code downgrade} that counts there
     */
    public record Rule(List<String> namespaces, ApprovalPolicy leastApproval, DowngradePolicy greatestDowngrade) {

        public Rule {
            namespaces = List.copyOf(namespaces);
        }

        boolean names(String namespace) {
            return namespaces.stream().anyMatch(glob -> namespace.matches(glob.replace("*", ".*")));
        }
    }

    /** {@return the laxest {@code approval} that counts in a namespace} */
    public ApprovalPolicy leastApproval(String namespace) {
        return in(namespace)
                .map(Rule::leastApproval)
                .max(Comparator.naturalOrder())
                .orElse(ApprovalPolicy.Never);
    }

    /** {@return the widest {@code downgrade} that counts in a namespace} */
    public DowngradePolicy greatestDowngrade(String namespace) {
        return in(namespace)
                .map(Rule::greatestDowngrade)
                .min(Comparator.naturalOrder())
                .orElse(DowngradePolicy.Always);
    }

    /** {@return a spec of that namespace as it counts: what it asks for, made stricter where the policy says so} */
    public DatabaseMigrationSpec applied(String namespace, DatabaseMigrationSpec spec) {
        return spec.stricter(leastApproval(namespace), greatestDowngrade(namespace));
    }

    private Stream<Rule> in(String namespace) {
        return rules.stream().filter(rule -> rule.names(namespace));
    }

    /**
     * {@return the policy as the chart's values have it, in JSON; none when blank}
     *
     * @throws IllegalArgumentException when it is not one, with what is wrong
     */
    public static Policy parse(String json) {
        if (json.isBlank()) {
            return NONE;
        }
        JsonNode list;
        try {
            list = JsonMapper.builder().build().readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("the policy is no JSON (" + e.getOriginalMessage() + "); " + FORM, e);
        }
        if (!list.isArray()) {
            throw new IllegalArgumentException("the policy is no list; " + FORM);
        }
        List<Rule> rules = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            rules.add(rule("policy[" + i + "]", list.get(i)));
        }
        return new Policy(rules);
    }

    private static Rule rule(String where, JsonNode rule) {
        if (!rule.isObject()) {
            throw new IllegalArgumentException(where + " is no rule; " + FORM);
        }
        Set<String> known = new TreeSet<>(Set.of("namespaces", "leastApproval", "greatestDowngrade"));
        for (Map.Entry<String, JsonNode> field : rule.properties()) {
            if (!known.contains(field.getKey())) {
                throw new IllegalArgumentException(
                        where + " has a field " + field.getKey() + "; it can have " + String.join(", ", known));
            }
        }
        return new Rule(
                namespaces(where + ".namespaces", rule.path("namespaces")),
                choice(where + ".leastApproval", rule.get("leastApproval"), ApprovalPolicy.Never),
                choice(where + ".greatestDowngrade", rule.get("greatestDowngrade"), DowngradePolicy.Always));
    }

    private static List<String> namespaces(String where, JsonNode list) {
        if (!list.isArray() || list.isEmpty()) {
            throw new IllegalArgumentException(
                    where + " names none; write namespaces such as [\"shop\", \"maps-*\"], or [\"*\"] for all");
        }
        List<String> globs = list.valueStream().map(JsonNode::asText).toList();
        for (String glob : globs) {
            if (!GLOB.matcher(glob).matches()) {
                throw new IllegalArgumentException(where + " has '" + glob
                        + "', which no namespace is named; write lower-case letters, digits, '-', and '*' for any"
                        + " characters");
            }
        }
        return globs;
    }

    private static <E extends Enum<E>> E choice(String where, @Nullable JsonNode value, E absent) {
        if (value == null) {
            return absent;
        }
        E[] choices = absent.getDeclaringClass().getEnumConstants();
        return Arrays.stream(choices)
                .filter(choice -> choice.name().equals(value.asText()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(where + " is '" + value.asText() + "'; write "
                        + String.join(
                                ", ", Arrays.stream(choices).map(Enum::name).toList())));
    }
}
