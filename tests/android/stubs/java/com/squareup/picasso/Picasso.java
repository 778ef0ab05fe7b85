package com.squareup.picasso;

import android.content.Context;

public class Picasso {
    public static void setSingletonInstance(Picasso picasso) {}

    public static class Builder {
        public Builder(Context context) {}

        public Builder downloader(Downloader downloader) {
            return this;
        }

        public Picasso build() {
            return new Picasso();
        }
    }
}
