package your.app;

import astropiks.client.RuntimeSecrets;
import java.io.IOException;

final class MapsKey {
    private MapsKey() {}

    static String fetch() throws IOException {
        // region: secret
        RuntimeSecrets secrets = new RuntimeSecrets(Http.calls(), BuildConfig.BASE_URL, null);
        String mapsKey = secrets.value("maps-key"); // not on the main thread
        // endregion
        return mapsKey;
    }
}
