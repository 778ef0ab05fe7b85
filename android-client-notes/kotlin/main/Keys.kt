package your.app

import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import androidx.annotation.RequiresApi
import astropiks.client.RecipientKey
import astropiks.client.RuntimeSecrets
import java.security.KeyPairGenerator
import java.security.spec.ECGenParameterSpec

// region: sealed
object Keys {
    private const val KEYSTORE = "AndroidKeyStore"

    fun secrets(): RuntimeSecrets {
        val key = if (Build.VERSION.SDK_INT >= 31) inHardware() else RecipientKey.inMemory()
        return RuntimeSecrets(Http.calls, BuildConfig.BASE_URL, key)
    }

    @RequiresApi(31)
    private fun inHardware(): RecipientKey {
        val generator = KeyPairGenerator.getInstance("EC", KEYSTORE)
        generator.initialize(
            KeyGenParameterSpec.Builder("sealed-secrets", KeyProperties.PURPOSE_AGREE_KEY)
                .setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1"))
                .build()
        )
        return RecipientKey.heldBy(KEYSTORE, generator.generateKeyPair())
    }
}
// endregion
