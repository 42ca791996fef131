package dev.dbmigrations;

/** Starts the operator. */
public final class Main {

    private Main() {}

    public static void main(String[] arguments) {}
}
