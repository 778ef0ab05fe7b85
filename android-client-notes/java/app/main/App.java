package your.app;

import android.app.Application;

// region: application
public final class App extends Application {
    @Override
    public void onCreate() {
        super.onCreate();
        Http.start(this);
    }
}
// endregion
