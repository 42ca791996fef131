package dev.dbmigrations.faults;

import java.util.List;

/**
 * How a case ended: the same whatever was done to the operator on the way.
 *
 * @param ready status and reason; {@code gone} where there is no resource any more
 * @param current what the status says of the database
 * @param resolved what the target means, by the status
 * @param history what the status remembers, newest first
 * @param revisions what the database says
 * @param jobs how many were made in all: a Job is never made twice for want of memory
 */
record End(
        String ready,
        List<String> current,
        List<String> resolved,
        List<String> history,
        List<String> revisions,
        int jobs) {}
