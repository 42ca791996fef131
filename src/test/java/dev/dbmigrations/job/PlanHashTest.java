package dev.dbmigrations.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.AlembicSettings;
import dev.dbmigrations.api.DatabaseMigrationStatus.DatabaseIdentity;
import dev.dbmigrations.api.DatabaseMigrationStatus.VersionTable;
import dev.dbmigrations.api.PlanStatus.MadeFor;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Another hash for whatever would make another run. */
@NullMarked
class PlanHashTest {

    private static final DatabaseIdentity DATABASE = new DatabaseIdentity("db", 5432, "app", "7412", null);
    private static final String HASH = hash("5d", "image@sha256:aa", List.of("a1"), "b2", List.of(), null, DATABASE);

    private static String hash(
            String document,
            String image,
            List<String> from,
            String target,
            List<String> arguments,
            @Nullable String role,
            DatabaseIdentity database) {
        AlembicSettings alembic = new AlembicSettings("", null, "", "", null, null, arguments);
        return PlanHash.of(
                "uid", 1, document, image, from, new MadeFor(target, "image:1", alembic, role, null, database));
    }

    @Test
    void isTheSameForTheSame() {
        assertThat(hash("5d", "image@sha256:aa", List.of("a1"), "b2", List.of(), null, DATABASE))
                .isEqualTo(HASH)
                .matches("[0-9a-f]{64}");
    }

    @Test
    void isAnotherForAnotherDocumentImageStartTargetArgumentRoleOrDatabase() {
        assertThat(Stream.of(
                        HASH,
                        hash("5e", "image@sha256:aa", List.of("a1"), "b2", List.of(), null, DATABASE),
                        hash("5d", "image@sha256:ab", List.of("a1"), "b2", List.of(), null, DATABASE),
                        hash("5d", "image@sha256:aa", List.of("a1", "a2"), "b2", List.of(), null, DATABASE),
                        hash("5d", "image@sha256:aa", List.of("a1"), "head", List.of(), null, DATABASE),
                        hash("5d", "image@sha256:aa", List.of("a1"), "b2", List.of("tenant=blue"), null, DATABASE),
                        hash("5d", "image@sha256:aa", List.of("a1"), "b2", List.of(), "owner", DATABASE),
                        hash(
                                "5d",
                                "image@sha256:aa",
                                List.of("a1"),
                                "b2",
                                List.of(),
                                null,
                                new DatabaseIdentity("db", 5432, "app", "9999", null))))
                .doesNotHaveDuplicates();
    }

    @Test
    void isAnotherForAnotherResourceAndForAnotherAttempt() {
        MadeFor madeFor = new MadeFor("b2", "image:1", AlembicSettings.DEFAULT, null, null, DATABASE);
        assertThat(Stream.of(
                        PlanHash.of("uid", 1, "5d", "image@sha256:aa", List.of("a1"), madeFor),
                        PlanHash.of("uid", 2, "5d", "image@sha256:aa", List.of("a1"), madeFor),
                        PlanHash.of("other", 1, "5d", "image@sha256:aa", List.of("a1"), madeFor)))
                .doesNotHaveDuplicates();
    }

    @Test
    void aVersionTableThatCameMeanwhileChangesNothing() {
        DatabaseIdentity later =
                new DatabaseIdentity("db", 5432, "app", "7412", new VersionTable("public", "alembic_version"));

        assertThat(hash("5d", "image@sha256:aa", List.of("a1"), "b2", List.of(), null, later))
                .isEqualTo(HASH);
    }
}
