package your.app

import android.content.Context
import astropiks.client.BindingInterceptor
import io.approov.service.okhttp.ApproovService
import okhttp3.Call
import okhttp3.Request

// region: release
object Http {
    fun start(context: Context) {
        ApproovService.initialize(context, BuildConfig.APPROOV_CONFIG)
        val binding = BindingInterceptor(Requests.origin, Requests.binding) {
            ApproovService.setDataHashInToken(it)
        }
        ApproovService.setOkHttpClientBuilder(Requests.builder(context).addInterceptor(binding))
    }

    /** The layer's client at the time of each call: it is another one when pins have changed. */
    val calls: Call.Factory = object : Call.Factory {
        override fun newCall(request: Request): Call =
            ApproovService.getOkHttpClient().newCall(request)
    }
}
// endregion
