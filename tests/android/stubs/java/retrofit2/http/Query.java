package retrofit2.http;

public @interface Query {
    String value();
}
