/** Wiring, start and stop. Knows every other room. */
@NullMarked
package dev.dbmigrations;

import org.jspecify.annotations.NullMarked;
