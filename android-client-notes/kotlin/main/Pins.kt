package your.app

import okhttp3.CertificatePinner
import okhttp3.OkHttpClient

object Pins {
    fun add(builder: OkHttpClient.Builder, pin: String, backupPin: String): CertificatePinner {
        // region: pins
        val pins = CertificatePinner.Builder().add("your.domain", pin, backupPin).build()
        builder.certificatePinner(pins)
        // endregion
        return pins
    }
}
