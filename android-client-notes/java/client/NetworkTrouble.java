package astropiks.client;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import javax.net.ssl.SSLException;

/** Tells a network that is bad or gone from everything else, such as a refusal or a stranger. */
public interface NetworkTrouble {
    /** Knows what sockets say: no name, no way, no answer in time, or only half of one. */
    NetworkTrouble OF_SOCKETS = NetworkTrouble::isOfSockets;

    /** Tells whether this is why there is no answer. */
    boolean explains(IOException noAnswer);

    /** Whatever is not known is no such trouble; nor is it if one of several addresses had another. */
    static boolean isOfSockets(Throwable noAnswer) {
        for (Throwable elsewhere : noAnswer.getSuppressed()) {
            if (!isOfSockets(elsewhere)) {
                return false;
            }
        }
        // OkHttp wraps an answer that breaks off in an IOException. TLS that breaks off is suspicious.
        boolean isHalf =
                noAnswer.getCause() instanceof EOFException && !(noAnswer instanceof SSLException);
        return isHalf
                || noAnswer instanceof EOFException
                || noAnswer instanceof SocketException
                || noAnswer instanceof SocketTimeoutException
                || noAnswer instanceof UnknownHostException;
    }
}
