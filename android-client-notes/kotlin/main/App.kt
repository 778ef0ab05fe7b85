package your.app

import android.app.Application

// region: application
class App : Application() {
    override fun onCreate() {
        super.onCreate()
        Http.start(this)
    }
}
// endregion
