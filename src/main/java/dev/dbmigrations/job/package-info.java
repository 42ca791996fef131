/**
 * Attempts as Kubernetes Jobs and their pods: building, naming, creating, reading their state and results. Knows the
 * resource ({@code api}) and Fabric8; no JDBC, no loop.
 */
@NullMarked
package dev.dbmigrations.job;

import org.jspecify.annotations.NullMarked;
