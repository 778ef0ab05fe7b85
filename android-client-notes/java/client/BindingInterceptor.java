package astropiks.client;

import java.io.IOException;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Tells Approov's service layer what to bind a token to, which the layer then adds to the request.
 *
 * <p>Does what {@code setBindingHeader} does, for several headers and for sealed secrets. Do not use
 * both. The layer has one such value for the whole app: see {@link AttestationInterceptor} for why
 * requests that are bound to different things should not run at the same time.
 */
public final class BindingInterceptor implements Interceptor {
    private final Origin origin;
    private final Binding binding;
    private final DataHash hash;

    public BindingInterceptor(Origin origin, Binding binding, DataHash hash) {
        this.origin = origin;
        this.binding = binding;
        this.hash = hash;
    }

    @Override
    public Response intercept(Chain chain) throws IOException {
        Request request = chain.request();
        if (origin.has(request.url())) {
            String bound = binding.of(request);
            if (!bound.isEmpty()) {
                hash.setDataHashInToken(bound);
            }
        }
        return chain.proceed(request);
    }
}
