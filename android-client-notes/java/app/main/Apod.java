package your.app;

import java.util.List;
import retrofit2.Call;
import retrofit2.Retrofit;
import retrofit2.converter.gson.GsonConverterFactory;
import retrofit2.http.GET;
import retrofit2.http.Query;

// region: retrofit
interface Apod {
    @GET("planetary/apod")
    Call<Picture> latest(); // no @Query("api_key") any more

    @GET("planetary/apod")
    Call<List<Picture>> days(@Query("start_date") String first, @Query("end_date") String last);

    static Apod create() {
        return new Retrofit.Builder()
                .baseUrl(BuildConfig.BASE_URL)
                .callFactory(Http.calls()) // instead of .client(…)
                .addConverterFactory(GsonConverterFactory.create())
                .build()
                .create(Apod.class);
    }
}
// endregion
