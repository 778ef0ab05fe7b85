package your.app;

import android.content.Context;
import astropiks.client.BindingInterceptor;
import astropiks.client.NetworkTrouble;
import io.approov.service.okhttp.ApproovNetworkException;
import io.approov.service.okhttp.ApproovService;
import java.io.IOException;
import okhttp3.Call;

// region: release
final class Http {
    private Http() {}

    static void start(Context context) {
        ApproovService.initialize(context, BuildConfig.APPROOV_CONFIG);
        ApproovService.setOkHttpClientBuilder(
                Requests.builder(context, Http::isTrouble)
                        .addInterceptor(
                                new BindingInterceptor(
                                        Requests.ORIGIN,
                                        Requests.BINDING,
                                        ApproovService::setDataHashInToken)));
    }

    /** The layer's word for it ends the message. MITM_DETECTED, a third one, is a stranger. */
    private static boolean isTrouble(IOException noAnswer) {
        boolean isOffline =
                noAnswer instanceof ApproovNetworkException
                        && String.valueOf(noAnswer.getMessage()).matches(".* (NO|POOR)_NETWORK");
        return isOffline || NetworkTrouble.OF_SOCKETS.explains(noAnswer);
    }

    /** The layer's client at the time of each call: it is another one when pins have changed. */
    static Call.Factory calls() {
        return request -> ApproovService.getOkHttpClient().newCall(request);
    }
}
// endregion
