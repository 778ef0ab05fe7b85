package astropiks.client;

import java.io.IOException;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Adds the token to requests for the service, and to no other.
 *
 * <p>For debug builds, and for apps that use the SDK without a service layer of Approov's, which does
 * this by itself. As an application interceptor behind the one that retries, it gets each attempt a
 * token of its own.
 */
public final class AttestationInterceptor implements Interceptor {
    static final String HEADER = "Approov-Token";

    private final Origin origin;
    private final Binding binding;
    private final TokenSource tokens;

    public AttestationInterceptor(Origin origin, Binding binding, TokenSource tokens) {
        this.origin = origin;
        this.binding = binding;
        this.tokens = tokens;
    }

    @Override
    public Response intercept(Chain chain) throws IOException {
        Request request = chain.request();
        if (!origin.has(request.url())) {
            return chain.proceed(request);
        }
        return chain.proceed(request.newBuilder().header(HEADER, tokenFor(request)).build());
    }

    private String tokenFor(Request request) throws IOException {
        String bound = binding.of(request);
        // What a token is bound to is one value for the whole app: no other request may come
        // between setting it and fetching.
        synchronized (tokens) {
            if (!bound.isEmpty()) {
                tokens.setDataHashInToken(bound);
            }
            return tokens.fetchApproovToken(request.url().toString());
        }
    }
}
