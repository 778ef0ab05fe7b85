package astropiks.client;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import okio.ByteString;
import org.json.JSONException;
import org.json.JSONObject;

/** A compact JWE of ECDH-ES and A256GCM (RFC 7516, RFC 7518 section 4.6), and nothing else. */
final class SealedSecret {
    private static final int TAG_BITS = 128;

    private final JSONObject header;
    private final String[] parts;

    /**
     * @throws GeneralSecurityException if it is anything else
     */
    SealedSecret(String jwe) throws GeneralSecurityException {
        parts = jwe.trim().split("\\.", -1);
        if (parts.length != 5 || !parts[1].isEmpty()) {
            throw new GeneralSecurityException("not a compact JWE with direct key agreement");
        }
        header = headerOf(decoded(parts[0]));
        if (!header.optString("alg").equals("ECDH-ES") || !header.optString("enc").equals("A256GCM")) {
            throw new GeneralSecurityException("another algorithm than was agreed on");
        }
    }

    /** Opens it with the key of the app that it is for. */
    String open(RecipientKey key) throws GeneralSecurityException {
        byte[] derived = derive(key.agree(sender(key)));
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        GCMParameterSpec nonce = new GCMParameterSpec(TAG_BITS, decoded(parts[2]));
        cipher.init(Cipher.DECRYPT_MODE, new SecretKeySpec(derived, "AES"), nonce);
        cipher.updateAAD(parts[0].getBytes(StandardCharsets.US_ASCII));
        byte[] text = decoded(parts[3]);
        byte[] tag = decoded(parts[4]);
        if (tag.length * 8 != TAG_BITS) {
            throw new GeneralSecurityException("the tag is cut");
        }
        byte[] both = ByteBuffer.allocate(text.length + tag.length).put(text).put(tag).array();
        return new String(cipher.doFinal(both), StandardCharsets.UTF_8);
    }

    /** The one-time key of the service, on the curve of the key that it is for. */
    private PublicKey sender(RecipientKey key) throws GeneralSecurityException {
        JSONObject jwk = header.optJSONObject("epk");
        if (jwk == null || !jwk.optString("crv").equals("P-256")) {
            throw new GeneralSecurityException("no key on the curve that was agreed on");
        }
        ECPoint point = new ECPoint(coordinate(jwk, "x"), coordinate(jwk, "y"));
        return KeyFactory.getInstance("EC").generatePublic(new ECPublicKeySpec(point, key.curve()));
    }

    private static BigInteger coordinate(JSONObject jwk, String name)
            throws GeneralSecurityException {
        return new BigInteger(1, decoded(jwk.optString(name)));
    }

    /** The concatenation key derivation of NIST SP 800-56A, one round, for 256 bits. */
    private static byte[] derive(byte[] shared) throws GeneralSecurityException {
        byte[] algorithm = "A256GCM".getBytes(StandardCharsets.US_ASCII);
        ByteBuffer info = ByteBuffer.allocate(4 + shared.length + 4 + algorithm.length + 12);
        info.putInt(1).put(shared).putInt(algorithm.length).put(algorithm);
        info.putInt(0).putInt(0).putInt(256);
        return MessageDigest.getInstance("SHA-256").digest(info.array());
    }

    private static JSONObject headerOf(byte[] json) throws GeneralSecurityException {
        try {
            return new JSONObject(new String(json, StandardCharsets.UTF_8));
        } catch (JSONException broken) {
            throw new GeneralSecurityException("the header is not JSON", broken);
        }
    }

    private static byte[] decoded(String base64url) throws GeneralSecurityException {
        ByteString bytes = ByteString.decodeBase64(base64url);
        if (bytes == null) {
            throw new GeneralSecurityException("not base64url");
        }
        return bytes.toByteArray();
    }
}
