package dev.dbmigrations.job;

import org.jspecify.annotations.Nullable;

/**
 * Leave to run one plan (rule 7).
 *
 * @param plan its hash
 * @param approvedBy who gave it; null where nobody had to
 */
public record Leave(String plan, @Nullable String approvedBy) {}
