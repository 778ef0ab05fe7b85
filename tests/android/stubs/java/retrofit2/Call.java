package retrofit2;

public interface Call<T> {
    void enqueue(Callback<T> callback);
}
