package dev.dbmigrations.job;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.api.PlanStatus;
import dev.dbmigrations.api.ShortText;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A plan as a ConfigMap, which holds 1 MiB at most: what is longer is cut, with a mark where. */
public final class PlanConfigMap {

    static final String SQL = "plan.sql";
    static final String WAY_BACK = "way-back.sql";
    static final String FACTS = "plan.json";

    private static final int LONGEST_SQL = 600 << 10;
    private static final int LONGEST_WAY_BACK = 200 << 10;
    private static final int LONGEST_FACTS = 100 << 10;
    private static final int LONGEST_PREFIX = 40;
    private static final int DIGITS = 10;

    private static final JsonMapper JSON = new JsonMapper();

    private PlanConfigMap() {}

    /** {@return {@code <name's first 40 characters>-plan-<the hash's first digits>}} */
    public static String name(String resource, String hash) {
        String prefix = resource.length() <= LONGEST_PREFIX ? resource : resource.substring(0, LONGEST_PREFIX);
        return prefix.replaceAll("[-.]+$", "") + "-plan-" + hash.substring(0, Math.min(DIGITS, hash.length()));
    }

    /** @param job in whose log the plan is whole, as long as its pod is there */
    static ConfigMap of(DatabaseMigration resource, PlanStatus plan, PlanDocument document, String job) {
        Map<String, String> data = new TreeMap<>();
        PlanDocument.Baseline baseline = document.baseline();
        data.put(SQL, cut((baseline == null ? "" : baseline.sql()) + sql(document.steps()), LONGEST_SQL, job));
        data.put(FACTS, facts(plan, document));
        PlanDocument.WayBack back = document.wayBack();
        if (back != null) {
            String whyNot = back.whyNot() == null ? "" : "-- the way back ends here: " + back.whyNot() + "\n";
            data.put(WAY_BACK, cut(sql(back.steps()) + whyNot, LONGEST_WAY_BACK, job));
        }
        return new ConfigMapBuilder()
                .withNewMetadata()
                .withName(plan.configMap())
                .withNamespace(resource.getMetadata().getNamespace())
                .addToLabels(Labels.MANAGED_BY, Labels.MANAGED_BY_US)
                .addToLabels(Labels.UID, resource.getMetadata().getUid())
                .addToAnnotations(Labels.NAME, resource.getMetadata().getName())
                .addToAnnotations(Labels.PLAN, plan.hash())
                .withOwnerReferences(JobBuilding.owner(resource, false))
                .endMetadata()
                .withImmutable(true)
                .withData(data)
                .build();
    }

    private static String sql(List<PlanDocument.Step> steps) {
        // What a person reads before approving must not rewrite the screen that it is read on.
        return ShortText.plain(steps.stream().map(PlanDocument.Step::sql).collect(joining()));
    }

    private static String cut(String sql, int longest, String job) {
        byte[] bytes = sql.getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= longest) {
            return sql;
        }
        int end = longest;
        while (bytes[end - 1] != '\n' && end > longest / 2) {
            end--;
        }
        // In the middle of a long line, not in the middle of a character.
        while ((bytes[end] & 0xc0) == 0x80) {
            end--;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8)
                + "\n-- CUT HERE: these are %d of %d bytes. The rest is in no ConfigMap; the log of Job %s has all of it,"
                        .formatted(end, bytes.length, job)
                + " and the plan's hash is over all of it.\n";
    }

    /** All that is known beside the SQL. */
    private static String facts(PlanStatus plan, PlanDocument document) {
        ObjectNode all = JSON.createObjectNode();
        all.put("hash", plan.hash());
        all.put("imageDigest", plan.imageDigest());
        all.put("image", plan.madeFor().image());
        all.setAll((ObjectNode) JSON.valueToTree(document));
        if (all.path("baseline") instanceof ObjectNode baseline) {
            baseline.remove("sql");
        }
        ArrayNode steps = withoutSql(all, "steps");
        ArrayNode back = all.path("wayBack") instanceof ObjectNode wayBack
                ? withoutSql(wayBack, "steps")
                : JSON.createArrayNode();
        int leftOut = 0;
        while (all.toString().getBytes(StandardCharsets.UTF_8).length > LONGEST_FACTS
                && (!back.isEmpty() || !steps.isEmpty())) {
            leftOut += halve(back.isEmpty() ? steps : back);
            all.put("stepsLeftOut", leftOut);
        }
        return ShortText.plain(all.toPrettyString()) + "\n";
    }

    private static ArrayNode withoutSql(ObjectNode holder, String name) {
        ArrayNode steps = (ArrayNode) holder.path(name);
        steps.forEach(step -> ((ObjectNode) step).remove("sql"));
        return steps;
    }

    private static int halve(ArrayNode steps) {
        int before = steps.size();
        while (steps.size() > before / 2) {
            steps.remove(steps.size() - 1);
        }
        return before - steps.size();
    }
}
