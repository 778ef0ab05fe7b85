package android.security.keystore;

public final class KeyProperties {
    public static final int PURPOSE_AGREE_KEY = 1 << 6;

    private KeyProperties() {}
}
