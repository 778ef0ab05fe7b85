package com.bumptech.glide;

import com.bumptech.glide.load.model.ModelLoaderFactory;

public class Registry {
    public <M, D> Registry replace(
            Class<M> model, Class<D> data, ModelLoaderFactory<? extends M, ? extends D> factory) {
        return this;
    }
}
