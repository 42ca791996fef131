/** What tests of several rooms share: a cluster, and Helm without a helm on the machine. */
@NullMarked
package dev.dbmigrations.testing;

import org.jspecify.annotations.NullMarked;
