package astropiks.client;

import java.io.IOException;

/** What the next token is bound to: {@code ApproovService::setDataHashInToken}. */
public interface DataHash {
    /** Lets tokens that are fetched from now on carry the SHA-256 of {@code data}. */
    void setDataHashInToken(String data) throws IOException;
}
