import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Fetches a sealed secret and opens it, with nothing but what Java and Android bring along.
 *
 * <p>On a phone the key pair lives in the Android Keystore (PURPOSE_AGREE_KEY) and the token comes
 * from the Approov SDK, bound by setDataHashInToken(recipient). Here the token is read from stdin.
 */
public final class SealedSecret {
    private static final Base64.Decoder DECODER = Base64.getUrlDecoder();
    private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();

    private final KeyPair keys;

    public SealedSecret() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        keys = generator.generateKeyPair();
    }

    /** The value of the Secret-Recipient header, to which the token has to be bound. */
    public String recipient() {
        return ENCODER.encodeToString(keys.getPublic().getEncoded());
    }

    /** Opens a compact JWE of ECDH-ES and A256GCM (RFC 7516, RFC 7518 section 4.6). */
    public String open(String jwe) throws GeneralSecurityException {
        String[] parts = jwe.trim().split("\\.", -1);
        if (parts.length != 5 || !parts[1].isEmpty()) {
            throw new GeneralSecurityException("not a compact JWE with direct key agreement");
        }
        String header = new String(DECODER.decode(parts[0]), StandardCharsets.UTF_8);
        if (!member(header, "alg").equals("ECDH-ES") || !member(header, "enc").equals("A256GCM")) {
            throw new GeneralSecurityException("another algorithm than was agreed on");
        }
        KeyAgreement agreement = KeyAgreement.getInstance("ECDH");
        agreement.init(keys.getPrivate());
        agreement.doPhase(point(member(header, "x"), member(header, "y")), true);
        byte[] key = derive(agreement.generateSecret());
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        GCMParameterSpec nonce = new GCMParameterSpec(128, DECODER.decode(parts[2]));
        cipher.init(Cipher.DECRYPT_MODE, new SecretKeySpec(key, "AES"), nonce);
        cipher.updateAAD(parts[0].getBytes(StandardCharsets.US_ASCII));
        byte[] text = DECODER.decode(parts[3]);
        byte[] tag = DECODER.decode(parts[4]);
        byte[] both = ByteBuffer.allocate(text.length + tag.length).put(text).put(tag).array();
        return new String(cipher.doFinal(both), StandardCharsets.UTF_8);
    }

    /** The concatenation key derivation of NIST SP 800-56A, one round, for 256 bits. */
    private static byte[] derive(byte[] shared) throws GeneralSecurityException {
        byte[] algorithm = "A256GCM".getBytes(StandardCharsets.US_ASCII);
        ByteBuffer info = ByteBuffer.allocate(4 + shared.length + 4 + algorithm.length + 12);
        info.putInt(1).put(shared).putInt(algorithm.length).put(algorithm);
        info.putInt(0).putInt(0).putInt(256);
        return MessageDigest.getInstance("SHA-256").digest(info.array());
    }

    private static PublicKey point(String x, String y) throws GeneralSecurityException {
        AlgorithmParameters curve = AlgorithmParameters.getInstance("EC");
        curve.init(new ECGenParameterSpec("secp256r1"));
        BigInteger left = new BigInteger(1, DECODER.decode(x));
        BigInteger right = new BigInteger(1, DECODER.decode(y));
        ECParameterSpec spec = curve.getParameterSpec(ECParameterSpec.class);
        return KeyFactory.getInstance("EC")
                .generatePublic(new ECPublicKeySpec(new ECPoint(left, right), spec));
    }

    /** A text member of JSON that we know the form of; an app uses its JSON library. */
    private static String member(String json, String name) throws GeneralSecurityException {
        Matcher found = Pattern.compile("\"" + name + "\"\\s*:\\s*\"([^\"]*)\"").matcher(json);
        if (!found.find()) {
            throw new GeneralSecurityException("the header has no " + name);
        }
        return found.group(1);
    }

    /** Prints the recipient, reads a token bound to it, and prints the opened secret at the URL. */
    public static void main(String[] arguments) throws Exception {
        SealedSecret secret = new SealedSecret();
        System.out.println(secret.recipient());
        String token = new java.util.Scanner(System.in).nextLine();
        HttpRequest request =
                HttpRequest.newBuilder(URI.create(arguments[0]))
                        .header("Approov-Token", token)
                        .header("Secret-Recipient", secret.recipient())
                        .build();
        HttpResponse<String> response =
                HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IllegalStateException("the service answered " + response.statusCode());
        }
        System.out.println(secret.open(response.body()));
    }
}
