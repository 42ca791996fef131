/**
 * The operator under fire: killed at each of its writes to the API, and lied to by a proxy between it and the API
 * server, with a real API server, real Jobs and a real database.
 *
 * <p>A {@link dev.dbmigrations.faults.Stage} is one case: a namespace, a database and a resource. A
 * {@link dev.dbmigrations.faults.Scenario} is what a user does on it. {@link dev.dbmigrations.faults.OperatorUnderTest} is
 * the operator in this JVM, behind a {@link dev.dbmigrations.faults.FaultyApi}. {@link dev.dbmigrations.faults.Oracle}
 * judges what happened, and trusts nothing that the operator says: it goes by what the database wrote down, by a watch of
 * its own on the API server, and by what is left in the cluster.
 *
 * <p>Beside {@code api}'s records this room knows the operator by its start and its end only.
 */
@NullMarked
package dev.dbmigrations.faults;

import org.jspecify.annotations.NullMarked;
