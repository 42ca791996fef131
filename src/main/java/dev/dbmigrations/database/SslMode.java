package dev.dbmigrations.database;

import java.util.Locale;
import java.util.Optional;

/** How a connection uses TLS: libpq's {@code sslmode}, weakest first. */
public enum SslMode {
    DISABLE,
    ALLOW,
    PREFER,
    REQUIRE,
    VERIFY_CA,
    VERIFY_FULL;

    /** {@return the mode as libpq writes it, such as {@code verify-full}} */
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** {@return the mode that libpq writes so, if there is one} */
    static Optional<SslMode> of(String text) {
        for (SslMode mode : values()) {
            if (mode.text().equals(text)) {
                return Optional.of(mode);
            }
        }
        return Optional.empty();
    }
}
