package astropiks.client;

import java.io.IOException;

/**
 * Where tokens come from: the Approov SDK, or in a debug build somebody who makes them.
 *
 * <p>The SDK holds a token for as long as it is good. Ask for each request, and keep none.
 */
public interface TokenSource extends DataHash {
    /**
     * Gives a token for an address, bound to what was last set.
     *
     * @throws IOException if there is no network, or this copy of the app is not genuine
     */
    String fetchApproovToken(String url) throws IOException;
}
