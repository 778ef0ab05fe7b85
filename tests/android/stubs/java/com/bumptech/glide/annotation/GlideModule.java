package com.bumptech.glide.annotation;

public @interface GlideModule {}
