package astropiks.client;

import okhttp3.HttpUrl;

/** Scheme, host and port of the service: whatever lies elsewhere gets no token. */
public final class Origin {
    private final HttpUrl base;

    private Origin(HttpUrl base) {
        this.base = base;
    }

    /** The origin of a base URL, such as {@code https://your.domain/v2/api.nasa.gov/}. */
    public static Origin of(String baseUrl) {
        return new Origin(HttpUrl.get(baseUrl));
    }

    /** Tells whether an address is the service's: a host alone would let plain HTTP through. */
    public boolean has(HttpUrl url) {
        return url.scheme().equals(base.scheme())
                && url.host().equals(base.host())
                && url.port() == base.port();
    }
}
