package io.approov.service.okhttp;

public interface ApproovServiceMutator {}
