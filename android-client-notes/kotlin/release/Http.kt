package your.app

import android.content.Context
import astropiks.client.BindingInterceptor
import astropiks.client.NetworkTrouble
import io.approov.service.okhttp.ApproovNetworkException
import io.approov.service.okhttp.ApproovService
import okhttp3.Call
import okhttp3.Request
import java.io.IOException

// region: release
object Http {
    fun start(context: Context) {
        ApproovService.initialize(context, BuildConfig.APPROOV_CONFIG)
        val binding = BindingInterceptor(Requests.origin, Requests.binding) {
            ApproovService.setDataHashInToken(it)
        }
        ApproovService.setOkHttpClientBuilder(
            Requests.builder(context, NetworkTrouble { isTrouble(it) }).addInterceptor(binding)
        )
    }

    /** The layer's word for it ends the message. MITM_DETECTED, a third one, is a stranger. */
    private fun isTrouble(noAnswer: IOException): Boolean {
        val isOffline = noAnswer is ApproovNetworkException &&
            noAnswer.message.orEmpty().substringAfterLast(" ") in setOf("NO_NETWORK", "POOR_NETWORK")
        return isOffline || NetworkTrouble.OF_SOCKETS.explains(noAnswer)
    }

    /** The layer's client at the time of each call: it is another one when pins have changed. */
    val calls: Call.Factory = object : Call.Factory {
        override fun newCall(request: Request): Call =
            ApproovService.getOkHttpClient().newCall(request)
    }
}
// endregion
