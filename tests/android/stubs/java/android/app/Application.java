package android.app;

import android.content.Context;
import java.io.File;

public class Application extends Context {
    public Application() {
        super(new File(System.getProperty("cache.dir")));
    }

    public void onCreate() {}
}
