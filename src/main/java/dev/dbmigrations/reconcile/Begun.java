package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.AlembicSettings;
import dev.dbmigrations.api.DatabaseMigrationStatus;
import dev.dbmigrations.api.DatabaseMigrationStatus.Attempt;
import dev.dbmigrations.api.DatabaseMigrationStatus.Comparison;
import dev.dbmigrations.job.SeenAttempt;
import dev.dbmigrations.job.SeenAttempt.Asked;
import dev.dbmigrations.job.SeenAttempt.Kind;
import dev.dbmigrations.job.SeenAttempt.NoPod;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** What the status remembers as begun and not over, with as much as it remembers of it. Pure. */
final class Begun {

    private Begun() {}

    static Stream<SeenAttempt> of(DatabaseMigrationStatus status) {
        return Stream.of(attempt(status), check(status)).flatMap(Optional::stream);
    }

    private static Optional<SeenAttempt> attempt(DatabaseMigrationStatus status) {
        Attempt known = status.attempt();
        if (known == null || known.endedAt() != null) {
            return Optional.empty();
        }
        return Optional.of(new SeenAttempt(
                known.job(),
                known.number(),
                known.generation(),
                new Asked(
                        kind(known),
                        "",
                        "",
                        AlembicSettings.DEFAULT,
                        Objects.requireNonNullElse(known.mayDowngradeFrom(), List.of()),
                        false,
                        kind(known) == Kind.Rollback,
                        null),
                known.startedAt(),
                null,
                new NoPod()));
    }

    private static Optional<SeenAttempt> check(DatabaseMigrationStatus status) {
        Comparison known = status.modelCheck();
        if (known == null || known.checkedAt() != null) {
            return Optional.empty();
        }
        Asked asked = new Asked(
                Kind.Check, "", known.image(), AlembicSettings.DEFAULT, known.revisions(), false, false, null);
        return Optional.of(new SeenAttempt(
                known.job(), known.attempt(), known.generation(), asked, known.startedAt(), null, new NoPod()));
    }

    private static Kind kind(Attempt known) {
        return Stream.of(Kind.values())
                .filter(kind -> kind.name().equals(known.kind()))
                .findFirst()
                .orElse(Kind.Apply);
    }
}
