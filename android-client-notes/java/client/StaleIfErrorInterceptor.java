package astropiks.client;

import java.io.IOException;
import okhttp3.Cache;
import okhttp3.CacheControl;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Gives what OkHttp's cache holds, however old, when there is no network or no NASA (RFC 5861).
 *
 * <p>Never in place of a refusal, the service's or Approov's, nor where somebody else answers in the
 * service's place (pins, certificates). Goes before all other interceptors. An answer that came so
 * has {@code networkResponse() == null}.
 */
public final class StaleIfErrorInterceptor implements Interceptor {
    private final Origin origin;
    private final NetworkTrouble trouble;

    // A client of its own: without network, Approov's interceptor fails before the cache is asked.
    private final OkHttpClient shelf;

    /**
     * @param origin whose answers are worth keeping
     * @param cache the one that the app's client has
     * @param trouble in which what is held is shown
     */
    public StaleIfErrorInterceptor(Origin origin, Cache cache, NetworkTrouble trouble) {
        this.origin = origin;
        this.trouble = trouble;
        this.shelf = new OkHttpClient.Builder().cache(cache).build();
    }

    @Override
    public Response intercept(Chain chain) throws IOException {
        Request request = chain.request();
        if (!request.method().equals("GET") || !origin.has(request.url())) {
            return chain.proceed(request);
        }
        Response response;
        try {
            response = chain.proceed(request);
        } catch (IOException noAnswer) {
            boolean isOutage = !chain.call().isCanceled() && trouble.explains(noAnswer);
            Response held = isOutage ? held(request) : null;
            if (held == null) {
                throw noAnswer;
            }
            return held;
        }
        if (Outcome.of(response.code()) != Outcome.UNAVAILABLE) {
            return response;
        }
        Response held = held(request);
        if (held == null) {
            return response;
        }
        response.close();
        return held;
    }

    private Response held(Request request) throws IOException {
        Request fromCache = request.newBuilder().cacheControl(CacheControl.FORCE_CACHE).build();
        Response held = shelf.newCall(fromCache).execute();
        if (held.isSuccessful()) {
            return held;
        }
        held.close();
        return null;
    }
}
