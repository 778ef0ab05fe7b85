package your.app;

import okhttp3.CertificatePinner;
import okhttp3.OkHttpClient;

final class Pins {
    private Pins() {}

    static CertificatePinner add(OkHttpClient.Builder builder, String pin, String backupPin) {
        // region: pins
        CertificatePinner pins =
                new CertificatePinner.Builder().add("your.domain", pin, backupPin).build();
        builder.certificatePinner(pins);
        // endregion
        return pins;
    }
}
