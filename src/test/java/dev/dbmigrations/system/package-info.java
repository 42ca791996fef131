/**
 * The operator as its users have it: its own image, installed by its own chart into a real cluster, with PostgreSQL
 * beside it. Tests apply resources and read what the cluster and the database say; they know no class of the operator's
 * but the resource's records ({@code api}).
 *
 * <p>Each test is a {@link dev.dbmigrations.system.Team} with a namespace, databases and Secrets of its own, and
 * {@code Team} says what holds for every test at its end.
 */
@NullMarked
package dev.dbmigrations.system;

import org.jspecify.annotations.NullMarked;
