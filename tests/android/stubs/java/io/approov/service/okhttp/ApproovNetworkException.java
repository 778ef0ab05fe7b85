package io.approov.service.okhttp;

public class ApproovNetworkException extends ApproovException {
    private static final long serialVersionUID = 1;

    public ApproovNetworkException(String message) {
        super(message);
    }
}
