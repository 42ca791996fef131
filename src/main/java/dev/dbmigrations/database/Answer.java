package dev.dbmigrations.database;

import dev.dbmigrations.database.Reading.AtRevisions;

/** What a question came to. */
public record Answer(Question question, Reading reading) {

    /** {@return whether it answers that question: the one that was asked, or that one with the table that was found} */
    public boolean answers(Question other) {
        return question.equals(other)
                || (question.versionTable().isEmpty()
                        && reading instanceof AtRevisions found
                        && found.versionTable().isPresent()
                        && new Question(
                                        question.credentials(),
                                        found.versionTable(),
                                        question.role(),
                                        question.attempt())
                                .equals(other));
    }
}
