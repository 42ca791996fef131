package dev.dbmigrations.database;

import java.util.Optional;

/**
 * What to read.
 *
 * @param versionTable exactly this table; without it, the first {@code alembic_version} on the search path
 * @param role the role to become ({@code SET ROLE}) before anything is looked up
 * @param attempt {@code <uid>/<number>} of a run that is under way, for its progress
 */
public record Question(
        Credentials credentials, Optional<TableName> versionTable, Optional<String> role, Optional<String> attempt) {}
