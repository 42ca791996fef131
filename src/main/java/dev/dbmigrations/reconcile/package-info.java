/**
 * The loop: observe, decide, act, report. {@code MigrationReconciler} shows it in order; {@code Decide} holds the rules
 * and is pure. Knows every room below it.
 */
@NullMarked
package dev.dbmigrations.reconcile;

import org.jspecify.annotations.NullMarked;
