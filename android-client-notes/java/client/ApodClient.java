package astropiks.client;

import java.io.IOException;
import java.text.ParseException;
import java.text.SimpleDateFormat;
import java.util.Calendar;
import java.util.Locale;
import java.util.TimeZone;
import okhttp3.Call;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/**
 * The picture of the day, in NASA's records, for apps without Retrofit.
 *
 * <p>Parses with Android's own {@code org.json}, so that it brings no library along. Every method
 * throws {@link AnswerException} if the service answers otherwise, and another {@link IOException}
 * if it is not reached.
 */
public final class ApodClient {
    private final Call.Factory calls;
    private final HttpUrl address;

    /**
     * @param calls the app's client, with the interceptors of this package
     * @param baseUrl of the service, with a slash at its end
     */
    public ApodClient(Call.Factory calls, String baseUrl) {
        this.calls = calls;
        this.address = HttpUrl.get(baseUrl).resolve("planetary/apod");
    }

    /** The newest picture. The date of its record is NASA's today, whatever the phone's is. */
    public JSONObject latest() throws IOException {
        return parsed(fetch(address), JSONObject::new);
    }

    /** The picture of a date, {@code YYYY-MM-DD}. */
    public JSONObject on(String date) throws IOException {
        return parsed(fetch(with("date", date)), JSONObject::new);
    }

    /**
     * The pictures of the days before a date, newest last: the next page of a gallery that scrolls
     * back. There may be fewer than days, since a few days have no picture.
     */
    public JSONArray before(String date, int days) throws IOException {
        HttpUrl url =
                with("start_date", daysBefore(date, days))
                        .newBuilder()
                        .addQueryParameter("end_date", daysBefore(date, 1))
                        .build();
        return parsed(fetch(url), JSONArray::new);
    }

    private HttpUrl with(String name, String value) {
        return address.newBuilder().addQueryParameter(name, value).build();
    }

    private String fetch(HttpUrl url) throws IOException {
        Request request = new Request.Builder().url(url).build();
        try (Response response = calls.newCall(request).execute()) {
            if (!response.isSuccessful()) {
                throw AnswerException.of(response);
            }
            return response.body().string();
        }
    }

    private interface Parser<T> {
        T parse(String text) throws JSONException;
    }

    private static <T> T parsed(String text, Parser<T> parser) throws IOException {
        try {
            return parser.parse(text);
        } catch (JSONException broken) {
            throw new IOException("The answer is not NASA's JSON.", broken);
        }
    }

    /** Counts back in UTC, where no day has 23 hours. java.time would want Android 8. */
    private static String daysBefore(String date, int days) {
        SimpleDateFormat iso = new SimpleDateFormat("yyyy-MM-dd", Locale.ROOT);
        iso.setTimeZone(TimeZone.getTimeZone("UTC"));
        Calendar calendar = Calendar.getInstance(iso.getTimeZone(), Locale.ROOT);
        try {
            calendar.setTime(iso.parse(date));
        } catch (ParseException noDate) {
            throw new IllegalArgumentException(date + " is no date such as 2026-11-23", noDate);
        }
        calendar.add(Calendar.DAY_OF_MONTH, -days);
        return iso.format(calendar.getTime());
    }
}
