package your.app;

import android.content.Context;
import astropiks.client.Binding;
import astropiks.client.NetworkTrouble;
import astropiks.client.Origin;
import astropiks.client.OriginGuard;
import astropiks.client.RetryInterceptor;
import astropiks.client.StaleIfErrorInterceptor;
import java.io.File;
import java.util.concurrent.TimeUnit;
import okhttp3.Cache;
import okhttp3.OkHttpClient;

// region: requests
final class Requests {
    static final Origin ORIGIN = Origin.of(BuildConfig.BASE_URL);
    static final Binding BINDING = new Binding(); // the service's APPROOV_BINDING_HEADERS, in order

    private Requests() {}

    static OkHttpClient.Builder builder(Context context, NetworkTrouble trouble) {
        Cache cache = new Cache(new File(context.getCacheDir(), "astropiks"), 50L * 1024 * 1024);
        return new OkHttpClient.Builder()
                .cache(cache)
                .readTimeout(15, TimeUnit.SECONDS) // the service gives up on NASA after 10
                .addInterceptor(new StaleIfErrorInterceptor(ORIGIN, cache, trouble))
                .addInterceptor(new RetryInterceptor(3, 10_000))
                .addNetworkInterceptor(new OriginGuard(ORIGIN, BINDING));
    }
}
// endregion
