/** What people and machines see of the operator's work: log lines, events, metrics, health. Knows only the api. */
@NullMarked
package dev.dbmigrations.telemetry;

import org.jspecify.annotations.NullMarked;
