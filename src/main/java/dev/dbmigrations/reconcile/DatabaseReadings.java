package dev.dbmigrations.reconcile;

import dev.dbmigrations.api.DatabaseMigration;
import dev.dbmigrations.database.Answer;
import dev.dbmigrations.database.Question;
import dev.dbmigrations.database.Reading;
import dev.dbmigrations.database.Readings;
import io.javaoperatorsdk.operator.processing.event.Event;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.AbstractEventSource;
import io.javaoperatorsdk.operator.processing.event.source.ResourceEventAware;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;

/** Wakes the loop whenever a database has answered. */
final class DatabaseReadings extends AbstractEventSource<Reading, DatabaseMigration>
        implements ResourceEventAware<DatabaseMigration> {

    private final Readings<ResourceID> readings;
    private final Map<ResourceID, Instant> askedAt = new ConcurrentHashMap<>();

    private final Consumer<? super DatabaseMigration> gone;

    /**
     * @param reader takes one reading, blocking, and never throws
     * @param gone is told of each resource that was deleted
     */
    DatabaseReadings(Function<? super Question, ? extends Reading> reader, Consumer<? super DatabaseMigration> gone) {
        super(Reading.class, "database");
        this.gone = gone;
        this.readings = new Readings<>(reader, this::answered);
    }

    /** Asks beside the loop; does nothing while the same question is under way. */
    void ask(ResourceID id, Question question, Instant now) {
        askedAt.putIfAbsent(id, now);
        readings.ask(id, question);
    }

    /** {@return the newest reading, where it answers this question} */
    Optional<Reading> latest(ResourceID id, Question question) {
        return readings.latest(id).filter(answer -> answer.answers(question)).map(Answer::reading);
    }

    /** {@return since when an answer is waited for} */
    Optional<Instant> askedAt(ResourceID id) {
        return Optional.ofNullable(askedAt.get(id));
    }

    private void answered(ResourceID id) {
        askedAt.remove(id);
        if (isRunning()) {
            getEventHandler().handleEvent(new Event(id));
        }
    }

    @Override
    public Set<Reading> getSecondaryResources(DatabaseMigration primary) {
        return readings.latest(ResourceID.fromResource(primary))
                .map(answer -> Set.of(answer.reading()))
                .orElseGet(Set::of);
    }

    @Override
    public void onResourceDeleted(DatabaseMigration resource) {
        ResourceID id = ResourceID.fromResource(resource);
        readings.forget(id);
        askedAt.remove(id);
        gone.accept(resource);
    }

    @Override
    public void stop() {
        super.stop();
        readings.close();
    }
}
