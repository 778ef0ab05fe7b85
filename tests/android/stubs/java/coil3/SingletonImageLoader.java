package coil3;

import android.content.Context;

/** Of Kotlin in truth; in Java, so that an old compiler takes a lambda for the factory. */
public final class SingletonImageLoader {
    private SingletonImageLoader() {}

    public static void setSafe(Factory factory) {}

    public interface Factory {
        Object newImageLoader(Context context);
    }
}
