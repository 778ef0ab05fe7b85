package retrofit2;

public final class Retrofit {
    public <T> T create(Class<T> service) {
        throw new UnsupportedOperationException("is Retrofit's own");
    }

    public static final class Builder {
        public Builder baseUrl(String url) {
            return this;
        }

        public Builder callFactory(okhttp3.Call.Factory factory) {
            return this;
        }

        public Builder addConverterFactory(Converter.Factory factory) {
            return this;
        }

        public Retrofit build() {
            return new Retrofit();
        }
    }
}
