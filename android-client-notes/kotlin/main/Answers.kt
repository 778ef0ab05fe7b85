package your.app

import astropiks.client.Outcome
import java.io.IOException

// region: answers
suspend fun showLatest(screen: Screen) {
    val response = try {
        apod.latest()
    } catch (noAnswer: IOException) {
        return screen.say("No connection.") // a person tries again, not the app
    }
    when (Outcome.of(response.code())) {
        Outcome.OK -> response.body()?.let(screen::show)
        Outcome.REFUSED -> screen.say("Please install this app from the store.")
        Outcome.NOTHING_THERE -> screen.offerLatest()
        Outcome.TOO_MANY, Outcome.UNAVAILABLE ->
            screen.offerRetry(response.headers()["Retry-After"])
        else -> screen.say("Please update this app.")
    }
}
// endregion
