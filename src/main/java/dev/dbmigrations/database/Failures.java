package dev.dbmigrations.database;

import java.io.EOFException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.GeneralSecurityException;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * What went wrong, as a reading: one sentence that begins with the database's address.
 *
 * <p>Where the SQLSTATE or the kind of exception says it, the words are ours, because PostgreSQL's own name the user.
 * Foreign words are taken over only where they repeat neither user nor password.
 */
final class Failures {

    /** The driver's own SQLSTATE for a server that does not do what was asked. */
    private static final String CONNECTION_REJECTED = "08004";

    private static final int LONGEST = 500;

    private final Credentials credentials;
    private final String address;

    Failures(Credentials credentials) {
        this.credentials = credentials;
        this.address = credentials.address();
    }

    Reading of(Obstacle obstacle, Instant at) {
        String message = address + " " + obstacle.getMessage();
        return obstacle.isRefused() ? new Reading.Refused(at, message) : new Reading.Unreachable(at, message);
    }

    Reading ofBug(Throwable bug, Instant at) {
        return unreachable(
                at,
                "could not be read, by a mistake of the operator's: "
                        + bug.getClass().getSimpleName());
    }

    Reading of(SQLException failure, Wire wire, Instant at) {
        Optional<String> late = wire.late();
        if (late.isPresent()) {
            return unreachable(at, "does not answer: " + late.get());
        }
        if (failure instanceof PSQLException driver && driver.getServerErrorMessage() != null) {
            return saidByServer(driver.getServerErrorMessage(), at);
        }
        Throwable cause = rootCause(failure);
        return switch (cause) {
            case UnknownHostException _ -> unreachable(at, "does not answer: its name cannot be resolved");
            case SocketTimeoutException _, ConnectException _, NoRouteToHostException _ ->
                unreachable(
                        at,
                        "does not answer: " + String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT));
            case EOFException _ -> unreachable(at, "does not answer: it closed the connection");
            case SSLException _, GeneralSecurityException _ -> badTls(cause.getMessage(), at);
            default -> saidByDriver(failure, cause, wire, at);
        };
    }

    private Reading saidByServer(ServerErrorMessage error, Instant at) {
        String state = String.valueOf(error.getSQLState());
        return switch (state) {
            case "28P01" -> refused(at, "refuses the user or the password of the Secret");
            case "28000" ->
                refused(
                        at,
                        "refuses the user of the Secret: it does not exist, may not log in, or pg_hba.conf has no entry"
                                + " that lets it in from here" + (maySpeakPlainly() ? "" : " over TLS"));
            case "42501" ->
                refused(
                        at,
                        "does not let the user of the Secret connect: GRANT CONNECT ON DATABASE "
                                + TableName.quote(credentials.database()) + " TO it");
            case "3D000" -> unreachable(at, "does not exist: the server has no database of that name");
            case "53300" -> unreachable(at, "has no connection left: too many clients");
            case "57P03" -> unreachable(at, "does not take connections now: it is starting, stopping or recovering");
            case "57P01", "57P02" -> unreachable(at, "ended the connection: it is stopping, or somebody asked it to");
            case "57014" -> unreachable(at, "does not answer: a statement took too long, perhaps waiting for a lock");
            default -> {
                String text = withSqlState(error.getMessage(), state);
                yield state.startsWith("28")
                        ? refused(at, "refuses the user of the Secret: " + text)
                        : unreachable(at, "answers with an error: " + text);
            }
        };
    }

    private Reading saidByDriver(SQLException failure, Throwable cause, Wire wire, Instant at) {
        if (wire.isOtherHost()) {
            return badTls("its certificate is for another host name", at);
        }
        if (CONNECTION_REJECTED.equals(failure.getSQLState())) {
            if (!maySpeakPlainly() && !wire.isSecured()) {
                return unreachable(
                        at,
                        "does not offer TLS, and sslmode is "
                                + credentials.sslMode().text());
            }
            if (credentials.password().isEmpty()) {
                return refused(at, "asks for a password, and the Secret's is empty");
            }
        }
        return unreachable(at, "cannot be used: " + withSqlState(cause.getMessage(), failure.getSQLState()));
    }

    private Reading badTls(@Nullable String fact, Instant at) {
        return unreachable(
                at,
                "does not pass TLS with sslmode %s: %s"
                        .formatted(credentials.sslMode().text(), harmless(fact)));
    }

    private boolean maySpeakPlainly() {
        return credentials.sslMode().compareTo(SslMode.REQUIRE) < 0;
    }

    private Reading unreachable(Instant at, String fact) {
        return new Reading.Unreachable(at, address + " " + fact);
    }

    private Reading refused(Instant at, String fact) {
        return new Reading.Refused(at, address + " " + fact);
    }

    private String withSqlState(@Nullable String text, @Nullable String state) {
        return harmless(text) + " (SQLSTATE " + state + ")";
    }

    /** Foreign words: short, on one line, and withheld where they repeat what is secret. */
    private String harmless(@Nullable String text) {
        if (text == null || text.contains(credentials.user()) || containsPassword(text)) {
            return "its words are withheld, because they may repeat credentials";
        }
        String line = text.strip().replaceAll("\\s+", " ");
        return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "…";
    }

    private boolean containsPassword(String text) {
        return !credentials.password().isEmpty() && text.contains(credentials.password());
    }

    private static Throwable rootCause(Throwable failure) {
        Throwable cause = failure;
        for (Throwable next = failure; next != null; next = next.getCause()) {
            cause = next;
        }
        return cause;
    }
}
