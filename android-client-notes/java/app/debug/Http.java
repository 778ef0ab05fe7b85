package your.app;

import android.content.Context;
import astropiks.client.AttestationInterceptor;
import astropiks.client.DevelopmentTokens;
import astropiks.client.NetworkTrouble;
import astropiks.client.TokenSource;
import okhttp3.Call;

// region: debug
final class Http {
    private static Call.Factory client;

    private Http() {}

    static void start(Context context) {
        TokenSource tokens = new DevelopmentTokens(DevelopmentTokens.PUBLISHED_SECRET);
        client =
                Requests.builder(context, NetworkTrouble.OF_SOCKETS)
                        .addInterceptor(
                                new AttestationInterceptor(
                                        Requests.ORIGIN, Requests.BINDING, tokens))
                        .build();
    }

    static Call.Factory calls() {
        return client;
    }
}
// endregion
