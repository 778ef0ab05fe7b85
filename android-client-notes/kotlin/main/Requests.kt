package your.app

import android.content.Context
import astropiks.client.Binding
import astropiks.client.NetworkTrouble
import astropiks.client.Origin
import astropiks.client.OriginGuard
import astropiks.client.RetryInterceptor
import astropiks.client.StaleIfErrorInterceptor
import okhttp3.Cache
import okhttp3.OkHttpClient
import java.io.File
import java.util.concurrent.TimeUnit

// region: requests
object Requests {
    val origin: Origin = Origin.of(BuildConfig.BASE_URL)
    val binding = Binding() // the service's APPROOV_BINDING_HEADERS, in order

    fun builder(context: Context, trouble: NetworkTrouble): OkHttpClient.Builder {
        val cache = Cache(File(context.cacheDir, "astropiks"), 50L * 1024 * 1024)
        return OkHttpClient.Builder()
            .cache(cache)
            .readTimeout(15, TimeUnit.SECONDS) // the service gives up on NASA after 10
            .addInterceptor(StaleIfErrorInterceptor(origin, cache, trouble))
            .addInterceptor(RetryInterceptor(3, 10_000))
            .addNetworkInterceptor(OriginGuard(origin, binding))
    }
}
// endregion
