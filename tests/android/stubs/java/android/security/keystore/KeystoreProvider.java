package android.security.keystore;

import java.security.InvalidAlgorithmParameterException;
import java.security.InvalidKeyException;
import java.security.Key;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyPairGeneratorSpi;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.SecureRandom;
import java.security.spec.AlgorithmParameterSpec;
import javax.crypto.KeyAgreement;
import javax.crypto.KeyAgreementSpi;
import javax.crypto.SecretKey;

/** Plays the Android Keystore: its private keys can be used here, and read nowhere. */
public final class KeystoreProvider extends Provider {
    private static final long serialVersionUID = 1;

    public KeystoreProvider() {
        super("AndroidKeyStore", 1.0, "stands in for the Android Keystore");
        put("KeyPairGenerator.EC", Generator.class.getName());
        put("KeyAgreement.ECDH", Agreement.class.getName());
    }

    private static final class Opaque implements PrivateKey {
        private static final long serialVersionUID = 1;

        final PrivateKey inside;

        Opaque(PrivateKey inside) {
            this.inside = inside;
        }

        @Override
        public String getAlgorithm() {
            return "EC";
        }

        @Override
        public String getFormat() {
            return null;
        }

        @Override
        public byte[] getEncoded() {
            return null;
        }
    }

    /** Makes them for the purpose and the curve that it is told. */
    public static final class Generator extends KeyPairGeneratorSpi {
        private KeyGenParameterSpec spec;

        @Override
        public void initialize(int bits, SecureRandom random) {
            throw new UnsupportedOperationException("wants a KeyGenParameterSpec");
        }

        @Override
        public void initialize(AlgorithmParameterSpec given, SecureRandom random)
                throws InvalidAlgorithmParameterException {
            spec = (KeyGenParameterSpec) given;
            if (spec.purposes != KeyProperties.PURPOSE_AGREE_KEY) {
                throw new InvalidAlgorithmParameterException("not for key agreement");
            }
        }

        @Override
        public KeyPair generateKeyPair() {
            try {
                KeyPairGenerator inside = KeyPairGenerator.getInstance("EC", "SunEC");
                inside.initialize(spec.curve);
                KeyPair pair = inside.generateKeyPair();
                return new KeyPair(pair.getPublic(), new Opaque(pair.getPrivate()));
            } catch (java.security.GeneralSecurityException error) {
                throw new IllegalStateException(error);
            }
        }
    }

    /** Agrees with them. */
    public static final class Agreement extends KeyAgreementSpi {
        private final KeyAgreement inside;

        public Agreement() throws java.security.GeneralSecurityException {
            inside = KeyAgreement.getInstance("ECDH", "SunEC");
        }

        @Override
        protected void engineInit(Key key, SecureRandom random) throws InvalidKeyException {
            inside.init(((Opaque) key).inside);
        }

        @Override
        protected void engineInit(Key key, AlgorithmParameterSpec spec, SecureRandom random)
                throws InvalidKeyException {
            engineInit(key, random);
        }

        @Override
        protected Key engineDoPhase(Key key, boolean last) throws InvalidKeyException {
            return inside.doPhase(key, last);
        }

        @Override
        protected byte[] engineGenerateSecret() {
            return inside.generateSecret();
        }

        @Override
        protected int engineGenerateSecret(byte[] into, int offset) {
            throw new UnsupportedOperationException();
        }

        @Override
        protected SecretKey engineGenerateSecret(String algorithm)
                throws NoSuchAlgorithmException {
            throw new NoSuchAlgorithmException(algorithm);
        }
    }
}
