package android.content;

import java.io.File;

/** A folder for the cache is all that the client wants of it. */
public class Context {
    private final File cacheDir;

    public Context(File cacheDir) {
        this.cacheDir = cacheDir;
    }

    public File getCacheDir() {
        return cacheDir;
    }
}
