package your.app

import coil3.ImageLoader
import coil3.SingletonImageLoader
import coil3.network.okhttp.OkHttpNetworkFetcherFactory

object CoilPictures {
    fun start() {
        // region: coil
        SingletonImageLoader.setSafe { context ->
            ImageLoader.Builder(context)
                .components { add(OkHttpNetworkFetcherFactory(callFactory = { Http.calls })) }
                .build()
        }
        // endregion
    }
}
