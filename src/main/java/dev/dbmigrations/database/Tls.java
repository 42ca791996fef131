package dev.dbmigrations.database;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Whom a connection trusts, as libpq does it: the authorities of {@code sslrootcert} wherever they are given, the JVM's
 * for {@code verify-*} without them, and everybody otherwise. The name of the host is the driver's to verify.
 */
final class Tls {

    private Tls() {}

    static SSLSocketFactory factory(Credentials credentials) throws GeneralSecurityException, IOException {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trustManagers(credentials), null);
        return context.getSocketFactory();
    }

    private static TrustManager @Nullable [] trustManagers(Credentials credentials)
            throws GeneralSecurityException, IOException {
        String pem = credentials.sslRootCert();
        if (pem != null) {
            return authorities(pem);
        }
        boolean verify = credentials.sslMode().compareTo(SslMode.VERIFY_CA) >= 0;
        // Null means the JVM's.
        return verify ? null : new TrustManager[] {new TrustEverybody()};
    }

    private static TrustManager[] authorities(String pem) throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        for (Certificate authority : certificates(pem)) {
            store.setCertificateEntry(Integer.toString(store.size()), authority);
        }
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(store);
        return managers.getTrustManagers();
    }

    private static Collection<? extends Certificate> certificates(String pem) throws CertificateException {
        try {
            // Bundles have comments between their certificates, which the factory skips.
            Collection<? extends Certificate> certificates = CertificateFactory.getInstance("X.509")
                    .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.UTF_8)));
            if (!certificates.isEmpty()) {
                return certificates;
            }
        } catch (CertificateException _) {
            // Its words show a piece of the text.
        }
        throw new CertificateException("sslrootcert holds no certificate that can be read");
    }

    /** For {@code require} and less, which ask for encryption and not for who is at the other end. */
    private static final class TrustEverybody extends X509ExtendedTrustManager {

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
