package your.app;

/** What an app shows. */
interface Screen {
    void show(Picture picture);

    void say(String text);

    void offerLatest();

    void offerRetry(String afterSeconds);
}
