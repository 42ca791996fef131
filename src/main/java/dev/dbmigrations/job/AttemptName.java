package dev.dbmigrations.job;

/** Names that are the same whenever the same thing is decided, so that a second creation is no second Job. */
public final class AttemptName {

    private static final int LONGEST_PREFIX = 40;
    private static final int DIGITS = 10;

    private AttemptName() {}

    /** {@return {@code <name's first 40 characters>-<hash of uid, generation, attempt>}, a valid Job name} */
    public static String of(String name, String uid, long generation, int attempt) {
        String prefix = name.length() <= LONGEST_PREFIX ? name : name.substring(0, LONGEST_PREFIX);
        // A dot is legal in a resource's name, but not in a pod's host name.
        return prefix.replace('.', '-').replaceAll("-+$", "") + "-" + hash(uid + "/" + generation + "/" + attempt);
    }

    /** {@return ten hexadecimal digits of the text's SHA-256} */
    static String hash(String text) {
        return Sha256.of(text).substring(0, DIGITS);
    }
}
