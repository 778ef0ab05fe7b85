package android.security.keystore;

import java.security.spec.AlgorithmParameterSpec;

public final class KeyGenParameterSpec implements AlgorithmParameterSpec {
    final int purposes;
    final AlgorithmParameterSpec curve;

    private KeyGenParameterSpec(int purposes, AlgorithmParameterSpec curve) {
        this.purposes = purposes;
        this.curve = curve;
    }

    public static final class Builder {
        private final int purposes;
        private AlgorithmParameterSpec curve;

        public Builder(String alias, int purposes) {
            this.purposes = purposes;
        }

        public Builder setAlgorithmParameterSpec(AlgorithmParameterSpec spec) {
            curve = spec;
            return this;
        }

        public KeyGenParameterSpec build() {
            return new KeyGenParameterSpec(purposes, curve);
        }
    }
}
