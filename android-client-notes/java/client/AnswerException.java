package astropiks.client;

import java.io.IOException;
import okhttp3.Response;
import okhttp3.ResponseBody;
import org.json.JSONException;
import org.json.JSONObject;

/**
 * The service has answered, and not with what was asked for.
 *
 * <p>Every other {@link IOException} means that it was not reached, or that Approov would give no
 * token.
 */
public final class AnswerException extends IOException {
    private static final long serialVersionUID = 1;
    private static final long MOST_BYTES = 8192;

    private final int status;
    private final long retryAfterSeconds;

    private AnswerException(int status, String detail, long retryAfterSeconds) {
        super(detail);
        this.status = status;
        this.retryAfterSeconds = retryAfterSeconds;
    }

    /** What the status asks of the app. */
    public Outcome outcome() {
        return Outcome.of(status);
    }

    /** Status code of HTTP. */
    public int status() {
        return status;
    }

    /** How long to wait; -1 if the service has not said. */
    public long retryAfterSeconds() {
        return retryAfterSeconds;
    }

    static AnswerException of(Response response) throws IOException {
        ResponseBody body = response.peekBody(MOST_BYTES);
        return new AnswerException(
                response.code(), detailOf(response.code(), body.string()), RetryAfter.secondsOf(response));
    }

    /** The problem's detail (RFC 9457). A router before the service may have sent anything else. */
    private static String detailOf(int status, String body) {
        String bare = "The service answered " + status + ".";
        try {
            return new JSONObject(body).optString("detail", bare);
        } catch (JSONException notJson) {
            return bare;
        }
    }
}
