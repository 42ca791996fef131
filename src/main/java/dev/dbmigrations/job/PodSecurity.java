package dev.dbmigrations.job;

import java.util.Optional;

/**
 * The user that pods run as where the resource names none.
 *
 * @param user for user, group and {@code fsGroup}; empty leaves all three to the platform, as OpenShift wants it
 */
public record PodSecurity(Optional<Long> user) {

    /** No image's own user: it works for images that would run as root and for those with a named user. */
    public static final PodSecurity DEFAULT = new PodSecurity(Optional.of(65532L));
}
