package your.app

import android.content.Context
import astropiks.client.AttestationInterceptor
import astropiks.client.DevelopmentTokens
import astropiks.client.NetworkTrouble
import okhttp3.Call

// region: debug
object Http {
    lateinit var calls: Call.Factory
        private set

    fun start(context: Context) {
        val tokens = DevelopmentTokens(DevelopmentTokens.PUBLISHED_SECRET)
        calls = Requests.builder(context, NetworkTrouble.OF_SOCKETS)
            .addInterceptor(AttestationInterceptor(Requests.origin, Requests.binding, tokens))
            .build()
    }
}
// endregion
