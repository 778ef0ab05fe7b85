package astropiks.client;

import java.io.IOException;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Takes the token, and all that proves or binds it, off a request that a redirect leads to another
 * host.
 *
 * <p>OkHttp itself does so with Authorization alone. A network interceptor, since only those see
 * where each request really goes.
 */
public final class OriginGuard implements Interceptor {
    private static final String[] SIGNED = {"Signature", "Signature-Input", "Content-Digest"};

    private final Origin origin;
    private final Binding binding;

    public OriginGuard(Origin origin, Binding binding) {
        this.origin = origin;
        this.binding = binding;
    }

    @Override
    public Response intercept(Chain chain) throws IOException {
        Request request = chain.request();
        if (origin.has(request.url())) {
            return chain.proceed(request);
        }
        Request.Builder bare = request.newBuilder().removeHeader(AttestationInterceptor.HEADER);
        for (String name : SIGNED) {
            bare.removeHeader(name);
        }
        binding.removeFrom(bare);
        return chain.proceed(bare.build());
    }
}
