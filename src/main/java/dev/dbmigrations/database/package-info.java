/**
 * What the operator knows of a database: credentials as users write them, and readings of the version table, taken
 * beside the loop on virtual threads. Nothing here writes.
 *
 * <p>The way through: {@code Credentials.parse} makes credentials of a Secret's values; {@code Readings} takes a
 * {@code Question} per key and delivers a {@code Reading}, which {@code RevisionReader} gets. Whatever goes wrong is a
 * reading, too.
 *
 * <p>Knows JDBC, the JDK and Jackson's parser; no Kubernetes and no other room.
 */
@NullMarked
package dev.dbmigrations.database;

import org.jspecify.annotations.NullMarked;
