package your.app;

/** A record as the app had it before: nothing changes in it. */
final class Picture {
    String date;
    String title;
    String explanation;
    String url;
    String hdurl;
}
