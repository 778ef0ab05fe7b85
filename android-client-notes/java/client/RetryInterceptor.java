package astropiks.client;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Asks again what may be answered a little later: seldom, and never for ever.
 *
 * <p>Only GET, only 429, 502, 503 and 504, and only if all waiting fits into the patience given: a
 * person looks at the screen. What asks for longer goes to the app, which knows Retry-After then.
 * A refusal is final. An {@link IOException} is too: OkHttp has tried the other addresses, and a
 * person may press a button. Each phone waits up to a third longer by chance, so that not all come
 * back at once.
 */
public final class RetryInterceptor implements Interceptor {
    private static final long FIRST_PAUSE_MILLIS = 500;

    private final int attempts;
    private final long patienceMillis;
    private final Pause pause;
    private final Random chance;

    /** Waits between two attempts. */
    public interface Pause {
        void millis(long count) throws InterruptedException;
    }

    /**
     * @param attempts of one request, the first included
     * @param patienceMillis that all waiting together may take
     */
    public RetryInterceptor(int attempts, long patienceMillis) {
        this(attempts, patienceMillis, Thread::sleep, new Random());
    }

    public RetryInterceptor(int attempts, long patienceMillis, Pause pause, Random chance) {
        this.attempts = attempts;
        this.patienceMillis = patienceMillis;
        this.pause = pause;
        this.chance = chance;
    }

    @Override
    public Response intercept(Chain chain) throws IOException {
        Request request = chain.request();
        Response response = chain.proceed(request);
        long waited = 0;
        for (int attempt = 1; attempt < attempts && mayPass(request, response); attempt++) {
            long millis = pauseAfter(response, attempt);
            if (waited + millis > patienceMillis || chain.call().isCanceled()) {
                break;
            }
            response.close();
            waitFor(millis);
            waited += millis;
            response = chain.proceed(request);
        }
        return response;
    }

    private static boolean mayPass(Request request, Response response) {
        return request.method().equals("GET") && Outcome.of(response.code()).passes();
    }

    /** What the service asks for, or half a second, one, two; and up to a third of that more. */
    private long pauseAfter(Response response, int attempt) {
        long seconds = RetryAfter.secondsOf(response);
        long least =
                seconds < 0
                        ? FIRST_PAUSE_MILLIS << (attempt - 1)
                        : TimeUnit.SECONDS.toMillis(seconds);
        return least + (long) (chance.nextDouble() * least / 3);
    }

    private void waitFor(long millis) throws IOException {
        try {
            pause.millis(millis);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting to ask again");
        }
    }
}
