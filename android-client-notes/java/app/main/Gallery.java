package your.app;

import astropiks.client.ApodClient;
import java.io.IOException;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

final class Gallery {
    private Gallery() {}

    static JSONArray twoPages() throws IOException, JSONException {
        // region: gallery
        ApodClient apod = new ApodClient(Http.calls(), BuildConfig.BASE_URL);
        JSONObject latest = apod.latest();
        JSONArray page = apod.before(latest.getString("date"), 15);
        JSONArray older = apod.before(page.getJSONObject(0).getString("date"), 15);
        // endregion
        return new JSONArray().put(page).put(older);
    }
}
