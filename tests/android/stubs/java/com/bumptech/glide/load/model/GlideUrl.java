package com.bumptech.glide.load.model;

public class GlideUrl {}
