package dev.dbmigrations.faults;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/** What becomes of one request on its way to the API server and back. */
sealed interface Fault {

    /** Decides about each request; called in the order in which they arrive, by one thread at a time. */
    interface Plan extends Function<Call, Fault> {

        /** Everything gets through. */
        Plan NONE = call -> new None();
    }

    /** Nothing happens to it. */
    record None() implements Fault {}

    /** The operator is killed before the request leaves. */
    record KilledBefore() implements Fault {}

    /** The server commits, and the operator is killed before it hears of it. */
    record KilledBeforeTheAnswer() implements Fault {}

    /** The operator is killed as soon as it has the answer. */
    record KilledAfterTheAnswer() implements Fault {}

    /** The server commits, its answer is lost, and the operator lives on. */
    record AnswerLost() implements Fault {}

    /**
     * The request never reaches the server, and is answered with an error.
     *
     * @param code of HTTP
     * @param reason as Kubernetes names it
     * @param retryAfter seconds that the client is asked to wait; 0 where nothing is said
     */
    record Refused(int code, String reason, int retryAfter) implements Fault {}

    /** It takes so much longer. */
    record Slow(Duration by) implements Fault {}

    /** Each event of a watch arrives so much later. */
    record Lagging(Duration by) implements Fault {}

    /** A watch stays open and tells nothing, for as long as this holds. */
    record Frozen(BooleanSupplier still) implements Fault {}

    /**
     * A watch is closed after this time.
     *
     * @param gone whether the server says at the end that the versions from which to go on are gone (410)
     */
    record Closed(Duration after, boolean gone) implements Fault {}

    /** A list is answered as it was when the same list was asked for the first time, by whatever operator. */
    record Stale() implements Fault {}
}
