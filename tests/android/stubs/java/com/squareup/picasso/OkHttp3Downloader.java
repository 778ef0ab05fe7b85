package com.squareup.picasso;

import okhttp3.Call;

public final class OkHttp3Downloader implements Downloader {
    public OkHttp3Downloader(Call.Factory client) {}
}
