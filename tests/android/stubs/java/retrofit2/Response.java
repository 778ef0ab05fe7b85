package retrofit2;

import okhttp3.Headers;

public final class Response<T> {
    private final int code;
    private final Headers headers;
    private final T body;

    public Response(int code, Headers headers, T body) {
        this.code = code;
        this.headers = headers;
        this.body = body;
    }

    public int code() {
        return code;
    }

    public Headers headers() {
        return headers;
    }

    public T body() {
        return body;
    }
}
