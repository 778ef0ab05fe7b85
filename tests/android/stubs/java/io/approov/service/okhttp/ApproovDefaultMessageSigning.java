package io.approov.service.okhttp;

public class ApproovDefaultMessageSigning implements ApproovServiceMutator {
    public static SignatureParametersFactory generateDefaultSignatureParametersFactory() {
        return new SignatureParametersFactory();
    }

    public ApproovDefaultMessageSigning setDefaultFactory(SignatureParametersFactory factory) {
        return this;
    }

    public static class SignatureParametersFactory {}
}
