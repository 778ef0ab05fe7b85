package astropiks.client;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import okio.ByteString;

/**
 * Stands in for the Approov SDK where there is no account, such as on an emulator.
 *
 * <p>For {@code app/src/debug/java/} alone. Its secret is the one of Approov's published examples: a
 * service in production refuses to start with it, so these tokens open nothing but {@code make run}.
 */
public final class DevelopmentTokens implements TokenSource {
    public static final String PUBLISHED_SECRET =
            "h+CX0tOzdAAR9l15bWAqvq7w9olk66daIH+Xk+IAHhVVHszjDzeGobzNnqyRze3lw/WVyWrc2gZfh3XXfBOmww==";

    private static final long LIFETIME_SECONDS = 300;
    private static final String HEADER = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
    private static final String DEVICE = "ZGV2ZWxvcG1lbnQtYXBwIQ==";

    private final byte[] secret;
    private String bound = "";

    public DevelopmentTokens(String base64Secret) {
        secret = ByteString.decodeBase64(base64Secret).toByteArray();
    }

    @Override
    public synchronized void setDataHashInToken(String data) {
        byte[] hash = digest(data.getBytes(StandardCharsets.UTF_8));
        bound = ",\"pay\":\"" + ByteString.of(hash).base64() + "\"";
    }

    @Override
    public synchronized String fetchApproovToken(String url) {
        long expires = System.currentTimeMillis() / 1000 + LIFETIME_SECONDS;
        String claims = "{\"did\":\"" + DEVICE + "\",\"exp\":" + expires + bound + "}";
        String signed = base64Url(HEADER) + "." + base64Url(claims);
        return signed + "." + unpadded(ByteString.of(signature(signed)));
    }

    private byte[] signature(String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            return mac.doFinal(text.getBytes(StandardCharsets.US_ASCII));
        } catch (GeneralSecurityException missing) {
            throw new IllegalStateException("every Android has HmacSHA256", missing);
        }
    }

    private static byte[] digest(byte[] data) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(data);
        } catch (GeneralSecurityException missing) {
            throw new IllegalStateException("every Android has SHA-256", missing);
        }
    }

    private static String base64Url(String text) {
        return unpadded(ByteString.encodeUtf8(text));
    }

    private static String unpadded(ByteString bytes) {
        return bytes.base64Url().replace("=", "");
    }
}
