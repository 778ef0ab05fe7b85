package your.app;

/** What Gradle generates from build.gradle.kts; here a test says it. */
final class BuildConfig {
    static final String BASE_URL = System.getProperty("base.url");
    static final String APPROOV_CONFIG = "#your-account#";

    private BuildConfig() {}
}
