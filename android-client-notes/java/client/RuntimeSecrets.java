package astropiks.client;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.text.ParseException;
import java.text.SimpleDateFormat;
import java.util.Date;
import java.util.Locale;
import java.util.Map;
import java.util.TimeZone;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import okhttp3.Call;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;
import org.json.JSONException;
import org.json.JSONObject;

/**
 * Secrets that the service hands out while the app runs.
 *
 * <p>Held in memory alone, until their {@code expires_at}; then asked for with the version that is
 * held, which costs a few bytes while it is still the right one. Do not write them to a file.
 */
public final class RuntimeSecrets {
    private final Call.Factory calls;
    private final HttpUrl address;
    private final RecipientKey key;
    private final Map<String, Held> held = new ConcurrentHashMap<>();
    private final ConcurrentMap<String, Object> asking = new ConcurrentHashMap<>();

    /**
     * @param calls the app's client, with the interceptors of this package
     * @param baseUrl of the service, its origin, with a slash at its end
     * @param key to have secrets sealed to; null for secrets that go out plain
     */
    public RuntimeSecrets(Call.Factory calls, String baseUrl, RecipientKey key) {
        this.calls = calls;
        this.address = HttpUrl.get(baseUrl).resolve("/secrets/");
        this.key = key;
    }

    /**
     * Gives a secret's value. Whoever wants the same one meanwhile waits for the one call; nobody
     * else does.
     *
     * @throws AnswerException if the service gives it not to this app
     * @throws IOException if it is not reached, or the answer cannot be opened
     */
    public String value(String name) throws IOException {
        Held known = held.get(name);
        if (isGood(known)) {
            return known.value;
        }
        asking.putIfAbsent(name, new Object());
        synchronized (asking.get(name)) {
            known = held.get(name);
            if (!isGood(known)) {
                known = fetched(name, known);
                held.put(name, known);
            }
            return known.value;
        }
    }

    private static boolean isGood(Held known) {
        return known != null && known.askAgainMillis > System.currentTimeMillis();
    }

    private Held fetched(String name, Held known) throws IOException {
        Request.Builder request = new Request.Builder().url(address.resolve(name));
        if (key != null) {
            request.header(Binding.RECIPIENT, key.header());
        }
        if (known != null) {
            request.header("If-None-Match", known.etag);
        }
        try (Response response = calls.newCall(request.build()).execute()) {
            if (response.code() == 304 && known != null) {
                return new Held(known.value, known.etag, known.lifetimeMillis);
            }
            if (!response.isSuccessful()) {
                throw AnswerException.of(response);
            }
            JSONObject secret = opened(response.body().string());
            return new Held(
                    secret.getString("value"),
                    response.header("ETag", "\"\""),
                    lifetimeMillis(secret.getString("expires_at"), response));
        } catch (JSONException broken) {
            throw new IOException("The answer is no secret.", broken);
        }
    }

    private JSONObject opened(String body) throws IOException, JSONException {
        try {
            return new JSONObject(key == null ? body : new SealedSecret(body).open(key));
        } catch (GeneralSecurityException closed) {
            throw new IOException("The sealed secret cannot be opened with this key.", closed);
        }
    }

    /** How long until a time of the service, by the service's own clock: a phone's may be wrong. */
    private static long lifetimeMillis(String time, Response response) throws IOException {
        SimpleDateFormat iso = new SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss'Z'", Locale.ROOT);
        iso.setTimeZone(TimeZone.getTimeZone("UTC"));
        Date now = response.headers().getDate("Date");
        try {
            return iso.parse(time).getTime() - (now == null ? new Date() : now).getTime();
        } catch (ParseException broken) {
            throw new IOException("The secret has no time to ask again.", broken);
        }
    }

    /** One secret as it was delivered. */
    private static final class Held {
        final String value;
        final String etag;
        final long lifetimeMillis;
        final long askAgainMillis;

        Held(String value, String etag, long lifetimeMillis) {
            this.value = value;
            this.etag = etag;
            this.lifetimeMillis = lifetimeMillis;
            this.askAgainMillis = System.currentTimeMillis() + lifetimeMillis;
        }
    }
}
