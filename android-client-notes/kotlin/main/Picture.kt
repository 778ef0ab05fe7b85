package your.app

/** A record as the app had it before: nothing changes in it. */
data class Picture(
    val date: String,
    val title: String,
    val explanation: String,
    val url: String?,
    val hdurl: String?
)
