package io.approov.service.okhttp;

import java.io.IOException;

public class ApproovException extends IOException {
    private static final long serialVersionUID = 1;

    public ApproovException(String message) {
        super(message);
    }
}
