package your.app;

import android.content.Context;
import com.squareup.picasso.OkHttp3Downloader;
import com.squareup.picasso.Picasso;

final class PicassoPictures {
    private PicassoPictures() {}

    static void start(Context context) {
        // region: picasso
        Picasso.setSingletonInstance(
                new Picasso.Builder(context)
                        .downloader(new OkHttp3Downloader(Http.calls()))
                        .build());
        // endregion
    }
}
