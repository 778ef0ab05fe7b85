package your.app

import astropiks.client.RuntimeSecrets

object MapsKey {
    fun fetch(): String {
        // region: secret
        val secrets = RuntimeSecrets(Http.calls, BuildConfig.BASE_URL, null)
        val mapsKey = secrets.value("maps-key") // not on the main thread
        // endregion
        return mapsKey
    }
}
