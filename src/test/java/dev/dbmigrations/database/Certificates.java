package dev.dbmigrations.database;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;

/**
 * An authority and a server's certificate from it, made by the JDK's own keytool.
 *
 * @param authorityPem who signed it
 * @param otherAuthorityPem somebody else
 */
record Certificates(String authorityPem, String otherAuthorityPem, String serverPem, String serverKeyPem) {

    private static final String PASSWORD = "changeit";

    static Certificates make(String host) throws IOException, InterruptedException, GeneralSecurityException {
        Path folder = Files.createTempDirectory("certificates");
        Path file = folder.resolve("store.p12");
        key(file, "authority", "-ext", "bc:c");
        key(file, "other", "-ext", "bc:c");
        key(file, "server", "-signer", "authority", "-ext", "san=dns:" + host);
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream content = Files.newInputStream(file)) {
            store.load(content, PASSWORD.toCharArray());
        }
        Files.delete(file);
        Files.delete(folder);
        return new Certificates(
                pem("CERTIFICATE", store.getCertificate("authority").getEncoded()),
                pem("CERTIFICATE", store.getCertificate("other").getEncoded()),
                pem("CERTIFICATE", store.getCertificate("server").getEncoded()),
                pem(
                        "PRIVATE KEY",
                        store.getKey("server", PASSWORD.toCharArray()).getEncoded()));
    }

    private static void key(Path store, String name, String... options) throws IOException, InterruptedException {
        List<String> command = Stream.concat(
                        Stream.of(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-keyalg",
                                "EC",
                                "-keystore",
                                store.toString(),
                                "-storepass",
                                PASSWORD,
                                "-alias",
                                name,
                                "-dname",
                                "CN=" + name),
                        Arrays.stream(options))
                .toList();
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (process.waitFor() != 0) {
            throw new IllegalStateException("keytool failed: " + command);
        }
    }

    private static String pem(String kind, byte[] content) {
        return "-----BEGIN " + kind + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content)
                + "\n-----END " + kind + "-----\n";
    }
}
