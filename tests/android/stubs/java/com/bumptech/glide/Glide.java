package com.bumptech.glide;

public class Glide {}
