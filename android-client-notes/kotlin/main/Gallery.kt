package your.app

import astropiks.client.ApodClient
import org.json.JSONArray

object Gallery {
    fun twoPages(): JSONArray {
        // region: gallery
        val apod = ApodClient(Http.calls, BuildConfig.BASE_URL)
        val latest = apod.latest()
        val page = apod.before(latest.getString("date"), 15)
        val older = apod.before(page.getJSONObject(0).getString("date"), 15)
        // endregion
        return JSONArray().put(page).put(older)
    }
}
