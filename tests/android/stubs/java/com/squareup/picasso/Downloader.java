package com.squareup.picasso;

public interface Downloader {}
