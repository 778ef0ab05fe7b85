package your.app

import retrofit2.Response
import retrofit2.Retrofit
import retrofit2.converter.gson.GsonConverterFactory
import retrofit2.http.GET
import retrofit2.http.Query

// region: retrofit
interface Apod {
    @GET("planetary/apod")
    suspend fun latest(): Response<Picture> // no @Query("api_key") any more

    @GET("planetary/apod")
    suspend fun days(
        @Query("start_date") first: String,
        @Query("end_date") last: String
    ): Response<List<Picture>>
}

val apod: Apod by lazy {
    Retrofit.Builder()
        .baseUrl(BuildConfig.BASE_URL)
        .callFactory(Http.calls) // instead of .client(…)
        .addConverterFactory(GsonConverterFactory.create())
        .build()
        .create(Apod::class.java)
}
// endregion
