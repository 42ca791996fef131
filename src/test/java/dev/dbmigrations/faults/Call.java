package dev.dbmigrations.faults;

import java.net.URI;
import java.time.Instant;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One request of the operator to the API server.
 *
 * @param method of HTTP
 * @param path without the query
 * @param query without the question mark; empty where there is none
 * @param at when it arrived
 */
record Call(String method, String path, String query, Instant at) {

    private static final Set<String> WRITING = Set.of("POST", "PUT", "PATCH", "DELETE");
    private static final Pattern PATH = Pattern.compile(
            "/apis?/(?:[^/]+/)?v[^/]+(?:/namespaces/(?<namespace>[^/]+))?/(?<kind>[^/]+)(?:/(?<name>[^/]+)(?<sub>/[^/]+)?)?");

    static Call of(String method, URI uri, Instant at) {
        return new Call(method, uri.getPath(), uri.getQuery() == null ? "" : uri.getQuery(), at);
    }

    boolean isWrite() {
        return WRITING.contains(method);
    }

    boolean isWatch() {
        return query.contains("watch=true");
    }

    /** {@return whether several objects are asked for at once} */
    boolean isList() {
        Matcher parts = parts();
        return method.equals("GET") && !isWatch() && parts.matches() && parts.group("name") == null;
    }

    /** {@return whether an informer fills its cache: it takes any version that the server has at hand} */
    boolean isListOfACache() {
        return isList() && query.contains("resourceVersion=0");
    }

    /** {@return the plural of the kind, with the subresource if there is one; empty for what concerns no kind} */
    String kind() {
        Matcher parts = parts();
        if (!parts.matches()) {
            return "";
        }
        return parts.group("kind") + (parts.group("sub") == null ? "" : parts.group("sub"));
    }

    /** {@return the namespace; empty where it is of none} */
    String namespace() {
        Matcher parts = parts();
        return parts.matches() && parts.group("namespace") != null ? parts.group("namespace") : "";
    }

    /** {@return what it does, in words that are the same in each run: {@code POST jobs}} */
    String what() {
        return method + " " + kind();
    }

    private Matcher parts() {
        return PATH.matcher(path);
    }
}
