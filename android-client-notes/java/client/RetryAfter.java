package astropiks.client;

import okhttp3.Response;

/** How long the service asks a client to wait. */
final class RetryAfter {
    private RetryAfter() {}

    /** The seconds of Retry-After; -1 if there is none, or a date, which the service never sends. */
    static long secondsOf(Response response) {
        String value = response.header("Retry-After", "");
        return value.matches("\\d{1,9}") ? Long.parseLong(value) : -1;
    }
}
