package your.app;

import android.os.Build;
import android.security.keystore.KeyGenParameterSpec;
import android.security.keystore.KeyProperties;
import androidx.annotation.RequiresApi;
import astropiks.client.RecipientKey;
import astropiks.client.RuntimeSecrets;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;

// region: sealed
final class Keys {
    private static final String KEYSTORE = "AndroidKeyStore";

    private Keys() {}

    static RuntimeSecrets secrets() throws GeneralSecurityException {
        RecipientKey key =
                Build.VERSION.SDK_INT >= 31 ? inHardware() : RecipientKey.inMemory();
        return new RuntimeSecrets(Http.calls(), BuildConfig.BASE_URL, key);
    }

    @RequiresApi(31)
    private static RecipientKey inHardware() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", KEYSTORE);
        generator.initialize(
                new KeyGenParameterSpec.Builder("sealed-secrets", KeyProperties.PURPOSE_AGREE_KEY)
                        .setAlgorithmParameterSpec(new ECGenParameterSpec("secp256r1"))
                        .build());
        return RecipientKey.heldBy(KEYSTORE, generator.generateKeyPair());
    }
}
// endregion
