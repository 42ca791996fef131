package dev.dbmigrations.database;

/** What a question came to. */
public record Answer(Question question, Reading reading) {}
