package astropiks.client;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import javax.crypto.KeyAgreement;
import okio.ByteString;

/** The P-256 key pair of this app on this phone, which sealed secrets are encrypted to. */
public final class RecipientKey {
    private final KeyPair pair;
    private final String provider;

    private RecipientKey(KeyPair pair, String provider) {
        this.pair = pair;
        this.provider = provider;
    }

    /** Makes one in memory: it is gone with the process, and so is what it could open. */
    public static RecipientKey inMemory() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return new RecipientKey(generator.generateKeyPair(), null);
    }

    /**
     * Takes one whose private half stays in hardware.
     *
     * @param provider of key agreement with it: {@code AndroidKeyStore}
     */
    public static RecipientKey heldBy(String provider, KeyPair pair) {
        return new RecipientKey(pair, provider);
    }

    /** The value of the Secret-Recipient header, to which the token has to be bound. */
    public String header() {
        return ByteString.of(pair.getPublic().getEncoded()).base64Url().replace("=", "");
    }

    /** P-256, of the key itself: Android 8 is the first that knows it by name. */
    ECParameterSpec curve() {
        return ((ECPublicKey) pair.getPublic()).getParams();
    }

    byte[] agree(PublicKey other) throws GeneralSecurityException {
        KeyAgreement agreement =
                provider == null
                        ? KeyAgreement.getInstance("ECDH")
                        : KeyAgreement.getInstance("ECDH", provider);
        agreement.init(pair.getPrivate());
        agreement.doPhase(other, true);
        return agreement.generateSecret();
    }
}
