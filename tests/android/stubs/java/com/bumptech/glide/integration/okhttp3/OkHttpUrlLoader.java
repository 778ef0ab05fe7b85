package com.bumptech.glide.integration.okhttp3;

import com.bumptech.glide.load.model.GlideUrl;
import com.bumptech.glide.load.model.ModelLoaderFactory;
import java.io.InputStream;
import okhttp3.Call;

public class OkHttpUrlLoader {
    public static class Factory implements ModelLoaderFactory<GlideUrl, InputStream> {
        public Factory(Call.Factory client) {}
    }
}
