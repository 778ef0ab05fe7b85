package your.app;

import android.content.Context;
import astropiks.client.BindingInterceptor;
import io.approov.service.okhttp.ApproovService;
import okhttp3.Call;

// region: release
final class Http {
    private Http() {}

    static void start(Context context) {
        ApproovService.initialize(context, BuildConfig.APPROOV_CONFIG);
        ApproovService.setOkHttpClientBuilder(
                Requests.builder(context)
                        .addInterceptor(
                                new BindingInterceptor(
                                        Requests.ORIGIN,
                                        Requests.BINDING,
                                        ApproovService::setDataHashInToken)));
    }

    /** The layer's client at the time of each call: it is another one when pins have changed. */
    static Call.Factory calls() {
        return request -> ApproovService.getOkHttpClient().newCall(request);
    }
}
// endregion
