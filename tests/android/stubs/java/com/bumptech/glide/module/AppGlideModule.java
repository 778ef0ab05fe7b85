package com.bumptech.glide.module;

import android.content.Context;
import com.bumptech.glide.Glide;
import com.bumptech.glide.Registry;

public abstract class AppGlideModule {
    public void registerComponents(Context context, Glide glide, Registry registry) {}
}
