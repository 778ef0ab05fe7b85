/**
 * Asks Astropiks Proxy for pictures and secrets, over OkHttp 3.12 or newer.
 *
 * <p>Copy the folder into an app as {@code app/src/main/java/astropiks/client/}. Needs nothing but
 * OkHttp and what Android brings along; Java 8. Network and keys are touched when something is
 * asked, so do not ask on the main thread.
 */
package astropiks.client;
