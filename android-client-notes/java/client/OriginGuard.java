package astropiks.client;

import java.io.IOException;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Takes the token off a request that a redirect leads to another host.
 *
 * <p>OkHttp itself does so with Authorization alone. A network interceptor, since only those see
 * where each request really goes.
 */
public final class OriginGuard implements Interceptor {
    private final Origin origin;

    public OriginGuard(Origin origin) {
        this.origin = origin;
    }

    @Override
    public Response intercept(Chain chain) throws IOException {
        Request request = chain.request();
        if (origin.has(request.url())) {
            return chain.proceed(request);
        }
        Request bare =
                request.newBuilder()
                        .removeHeader(AttestationInterceptor.HEADER)
                        .removeHeader(Binding.RECIPIENT)
                        .build();
        return chain.proceed(bare);
    }
}
