package your.app

/** What an app shows. */
interface Screen {
    fun show(picture: Picture)
    fun say(text: String)
    fun offerLatest()
    fun offerRetry(afterSeconds: String?)
}
