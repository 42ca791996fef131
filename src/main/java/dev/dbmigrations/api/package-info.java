/**
 * The resource as users write and read it: spec, status and reasons as records and enums, in the words of the
 * project's design. Knows Jackson, Fabric8's annotations and its model of Kubernetes' own types (for {@code job.*}),
 * and no other room.
 *
 * <p>Reading is lenient (unknown fields and values of a newer version do not stop an informer); strictness is the
 * CRD's.
 */
@NullMarked
package dev.dbmigrations.api;

import org.jspecify.annotations.NullMarked;
