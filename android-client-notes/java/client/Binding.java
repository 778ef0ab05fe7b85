package astropiks.client;

import okhttp3.Request;

/**
 * The request headers whose values a token is bound to.
 *
 * <p>Name the service's {@code APPROOV_BINDING_HEADERS}, in its order. The key that a sealed secret
 * is for comes last by itself.
 */
public final class Binding {
    static final String RECIPIENT = "Secret-Recipient";

    private final String[] headers;

    public Binding(String... headers) {
        this.headers = headers.clone();
    }

    /** What the token of a request is bound to: the values, joined; empty if there is none. */
    String of(Request request) {
        StringBuilder values = new StringBuilder();
        for (String name : headers) {
            values.append(orEmpty(request.header(name)));
        }
        return values.append(orEmpty(request.header(RECIPIENT))).toString();
    }

    /** Takes these values off a request that is not for the service. */
    void removeFrom(Request.Builder request) {
        for (String name : headers) {
            request.removeHeader(name);
        }
        request.removeHeader(RECIPIENT);
    }

    private static String orEmpty(String value) {
        return value == null ? "" : value;
    }
}
