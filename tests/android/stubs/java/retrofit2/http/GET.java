package retrofit2.http;

public @interface GET {
    String value();
}
