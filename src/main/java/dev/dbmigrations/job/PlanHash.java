package dev.dbmigrations.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.dbmigrations.api.PlanStatus.MadeFor;
import java.util.Arrays;
import java.util.List;

/** What an approval names (rule 7). */
public final class PlanHash {

    private static final JsonMapper JSON = new JsonMapper();

    private PlanHash() {}

    /**
     * {@return 64 hexadecimal digits, others as soon as any of this is another}
     *
     * <p>Resource and attempt are part of it, so that an approval is for one plan, once: the same steps planned again,
     * after a way back or for a resource made again, wait again.
     *
     * <p>The version table is left out of the database: before the first run there is none, and after a failed one it
     * may be there, empty.
     *
     * @param uid the resource's
     * @param attempt number of the attempt that planned
     * @param documentSha256 of the whole plan document, the way back with it
     * @param imageDigest what it was rendered with, and runs with
     * @param from the rows that it begins with
     */
    public static String of(
            String uid, int attempt, String documentSha256, String imageDigest, List<String> from, MadeFor madeFor) {
        List<Object> all = Arrays.asList(
                uid,
                attempt,
                documentSha256,
                imageDigest,
                from,
                madeFor.targetRevision(),
                madeFor.alembic(),
                madeFor.databaseRole(),
                madeFor.database().host(),
                madeFor.database().port(),
                madeFor.database().name(),
                madeFor.database().systemIdentifier());
        try {
            return Sha256.of(JSON.writeValueAsString(all));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("strings and numbers are always JSON", e);
        }
    }
}
