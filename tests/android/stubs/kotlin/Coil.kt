package coil3

import android.content.Context

class ImageLoader {
    class Builder(@Suppress("UNUSED_PARAMETER") context: Context) {
        fun components(builder: ComponentRegistry.Builder.() -> Unit): Builder {
            ComponentRegistry.Builder().builder()
            return this
        }

        fun build(): ImageLoader = ImageLoader()
    }
}

class ComponentRegistry {
    class Builder {
        fun add(@Suppress("UNUSED_PARAMETER") factory: Fetcher.Factory<*>): Builder = this
    }
}

class Fetcher {
    interface Factory<T>
}
