package astropiks.client;

/** What the status of an answer asks of an app. The names are the rows of the guide's table. */
public enum Outcome {
    /** Show it. */
    OK(false),
    /** Mend the app: the same question gets the same answer. */
    BAD_QUESTION(false),
    /** This copy of the app, or its clock, is not accepted: say so once. */
    REFUSED(false),
    /** There is nothing here: offer the latest picture. */
    NOTHING_THERE(false),
    /** This device asks too often: wait for Retry-After. */
    TOO_MANY(true),
    /** The service has nothing from NASA just now: show what is held, try later. */
    UNAVAILABLE(true),
    /** A defect of the service, or an answer that is not its own. */
    UNEXPECTED(false);

    private final boolean passes;

    Outcome(boolean passes) {
        this.passes = passes;
    }

    /** Tells whether the same request can be answered later. */
    public boolean passes() {
        return passes;
    }

    /** What a status of the service means. */
    public static Outcome of(int status) {
        if (status >= 200 && status < 300 || status == 304) {
            return OK;
        }
        switch (status) {
            case 400:
            case 405:
            case 416:
            case 422:
                return BAD_QUESTION;
            case 401:
            case 403:
                return REFUSED;
            case 404:
                return NOTHING_THERE;
            case 429:
                return TOO_MANY;
            case 502:
            case 503:
            case 504:
                return UNAVAILABLE;
            default:
                return UNEXPECTED;
        }
    }
}
