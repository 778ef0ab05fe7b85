package your.app;

import astropiks.client.Outcome;
import retrofit2.Call;
import retrofit2.Callback;
import retrofit2.Response;

// region: answers
final class Answers implements Callback<Picture> {
    private final Screen screen;

    Answers(Screen screen) {
        this.screen = screen;
    }

    @Override
    public void onResponse(Call<Picture> call, Response<Picture> response) {
        switch (Outcome.of(response.code())) {
            case OK:
                screen.show(response.body());
                break;
            case REFUSED:
                screen.say("Please install this app from the store.");
                break;
            case NOTHING_THERE:
                screen.offerLatest();
                break;
            case TOO_MANY:
            case UNAVAILABLE:
                screen.offerRetry(response.headers().get("Retry-After"));
                break;
            default:
                screen.say("Please update this app.");
        }
    }

    @Override
    public void onFailure(Call<Picture> call, Throwable noAnswer) {
        screen.say("No connection."); // a person tries again, not the app
    }
}
// endregion
