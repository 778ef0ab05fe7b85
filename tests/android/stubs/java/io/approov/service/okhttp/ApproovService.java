package io.approov.service.okhttp;

import android.content.Context;
import astropiks.client.DevelopmentTokens;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Plays Approov's service layer 3.5: one value that tokens are bound to for the whole app, the token
 * added behind the app's own interceptors, an exception without network, settings lost by
 * initialize, and tokens for the domains that are registered with Approov.
 */
public final class ApproovService {
    private static final String HEADER = "Approov-Token";
    private static final DevelopmentTokens CLOUD =
            new DevelopmentTokens(DevelopmentTokens.PUBLISHED_SECRET);

    private static OkHttpClient.Builder builder;
    private static OkHttpClient client;

    private ApproovService() {}

    public static synchronized void initialize(Context context, String config) {
        if (!config.startsWith("#")) {
            throw new IllegalArgumentException("not the whole configuration");
        }
        builder = new OkHttpClient.Builder();
        client = null;
    }

    public static synchronized void setOkHttpClientBuilder(OkHttpClient.Builder given) {
        builder = given;
        client = null;
    }

    public static void setServiceMutator(ApproovServiceMutator mutator) {}

    public static void setDataHashInToken(String data) throws ApproovException {
        CLOUD.setDataHashInToken(data);
    }

    public static synchronized OkHttpClient getOkHttpClient() {
        if (client == null) {
            client = builder.addInterceptor(ApproovService::protect).build();
        }
        return client;
    }

    private static Response protect(Interceptor.Chain chain) throws java.io.IOException {
        Request request = chain.request();
        String status = System.getProperty("approov.status", "SUCCESS");
        String failure = "Approov token fetch for " + request.url() + ": " + status;
        if (status.endsWith("_NETWORK") || status.equals("MITM_DETECTED")) {
            throw new ApproovNetworkException(failure);
        }
        if (!status.equals("SUCCESS")) {
            throw new ApproovException(failure);
        }
        HttpUrl registered = HttpUrl.get(System.getProperty("base.url"));
        if (!request.url().host().equals(registered.host())
                || request.url().port() != registered.port()) {
            return chain.proceed(request);
        }
        String token = CLOUD.fetchApproovToken(request.url().toString());
        return chain.proceed(request.newBuilder().header(HEADER, token).build());
    }
}
