package your.app;

import android.app.Application;
import android.security.keystore.KeystoreProvider;
import astropiks.client.AnswerException;
import astropiks.client.ApodClient;
import astropiks.client.AttestationInterceptor;
import astropiks.client.Binding;
import astropiks.client.BindingInterceptor;
import astropiks.client.DevelopmentTokens;
import astropiks.client.NetworkTrouble;
import astropiks.client.Origin;
import astropiks.client.OriginGuard;
import astropiks.client.Outcome;
import astropiks.client.RecipientKey;
import astropiks.client.RetryInterceptor;
import astropiks.client.RuntimeSecrets;
import astropiks.client.StaleIfErrorInterceptor;
import astropiks.client.TokenSource;
import io.approov.service.okhttp.ApproovService;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Queue;
import java.util.Random;
import java.util.Scanner;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.FutureTask;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.Cache;
import okhttp3.Call;
import okhttp3.CertificatePinner;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.json.JSONArray;
import org.json.JSONObject;

/**
 * An app that does what a test writes to it, and says what came of it: a line of JSON for each.
 *
 * <p>It starts as the guide's app does, by {@code App.onCreate}; only {@code carry} puts a client in
 * its place that sends a given token and writes its pauses down instead of waiting.
 */
public final class Driver {
    private static final String BASE_URL = System.getProperty("base.url");

    /** Half of the time that may be added. */
    private static final Random CHANCE =
            new Random() {
                @Override
                public double nextDouble() {
                    return 0.5;
                }
            };

    private final CopyOnWriteArrayList<Long> pauses = new CopyOnWriteArrayList<>();
    private final Queue<FutureTask<String>> meanwhile = new ArrayDeque<>();
    private Call.Factory calls;
    private RuntimeSecrets secrets;

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new KeystoreProvider());
        Application app = new App();
        app.onCreate();
        Driver driver = new Driver(callsOfTheGuide());
        Scanner lines = new Scanner(System.in, "UTF-8");
        while (lines.hasNextLine()) {
            System.out.println(driver.answer(new JSONObject(lines.nextLine())));
        }
        System.exit(0); // OkHttp's threads would linger for a minute
    }

    private Driver(Call.Factory calls) {
        this.calls = calls;
    }

    private JSONObject answer(JSONObject order) throws Exception {
        JSONObject said = new JSONObject();
        try {
            obey(order, said);
            said.put("outcome", "OK");
        } catch (AnswerException refused) {
            said.put("outcome", refused.outcome().name())
                    .put("status", refused.status())
                    .put("retry_after", refused.retryAfterSeconds())
                    .put("detail", refused.getMessage());
        } catch (IOException noAnswer) {
            said.put("outcome", "NO_ANSWER").put("detail", noAnswer.toString());
        }
        said.put("pauses", new JSONArray(pauses));
        pauses.clear();
        return said;
    }

    private void obey(JSONObject order, JSONObject said) throws Exception {
        ApodClient apod = new ApodClient(calls, BASE_URL);
        switch (order.getString("do")) {
            case "carry":
                calls = carrying(order);
                break;
            case "bind":
                calls = binding(order);
                break;
            case "approov":
                System.setProperty("approov.status", order.getString("status"));
                break;
            case "latest":
                said.put("body", apod.latest());
                break;
            case "on":
                said.put("body", apod.on(order.getString("date")));
                break;
            case "before":
                said.put("body", apod.before(order.getString("date"), order.getInt("days")));
                break;
            case "gallery":
                said.put("body", ofTheGuide("Gallery", "twoPages"));
                break;
            case "secret":
                said.put("body", secret(order));
                break;
            case "outcome":
                said.put("body", Outcome.of(order.getInt("status")).name());
                break;
            case "secret_meanwhile":
                secretMeanwhile(order.getString("name"));
                break;
            case "secret_at_last":
                said.put("body", meanwhile());
                break;
            case "one_of_two_addresses":
                ConnectException first = new ConnectException();
                first.addSuppressed(new SSLPeerUnverifiedException("another certificate"));
                said.put("body", NetworkTrouble.OF_SOCKETS.explains(first));
                break;
            case "pin":
                pin(order);
                break;
            case "get":
                get(order, said);
                break;
            default:
                throw new IllegalArgumentException(order.toString());
        }
    }

    private Call.Factory carrying(JSONObject order) throws Exception {
        String token = order.getString("token");
        Origin origin = Origin.of(BASE_URL);
        Cache cache = new Cache(new File(System.getProperty("cache.dir"), "carried"), 1 << 20);
        TokenSource tokens =
                new TokenSource() {
                    @Override
                    public String fetchApproovToken(String url) {
                        return token;
                    }

                    @Override
                    public void setDataHashInToken(String data) {}
                };
        return trusting(order)
                .cache(cache)
                .addInterceptor(
                        new StaleIfErrorInterceptor(origin, cache, NetworkTrouble.OF_SOCKETS))
                .addInterceptor(new RetryInterceptor(3, 10_000, pauses::add, CHANCE))
                .addInterceptor(new AttestationInterceptor(origin, new Binding(), tokens))
                .addNetworkInterceptor(new OriginGuard(origin, new Binding("X-Device-Id")))
                .build();
    }

    /** A client that trusts certificates of a test, and pins a key of one. */
    private static OkHttpClient.Builder trusting(JSONObject order) throws Exception {
        OkHttpClient.Builder builder = new OkHttpClient.Builder();
        JSONArray trusted = order.optJSONArray("trusted");
        if (trusted == null) {
            return builder;
        }
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        for (int i = 0; i < trusted.length(); i++) {
            store.setCertificateEntry("" + i, certificate(trusted.getString(i)));
        }
        TrustManagerFactory factory =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(null, factory.getTrustManagers(), null);
        CertificatePinner pins =
                new CertificatePinner.Builder()
                        .add(HttpUrl.get(BASE_URL).host(), order.getString("pin"))
                        .build();
        return builder.certificatePinner(pins)
                .sslSocketFactory(
                        tls.getSocketFactory(), (X509TrustManager) factory.getTrustManagers()[0]);
    }

    /** Asks for a secret in a thread of its own, and does not wait for it. */
    private void secretMeanwhile(String name) {
        FutureTask<String> task = new FutureTask<>(() -> secrets.value(name));
        meanwhile.add(task);
        new Thread(task).start();
    }

    private JSONArray meanwhile() throws Exception {
        JSONArray values = new JSONArray();
        while (!meanwhile.isEmpty()) {
            values.put(meanwhile.remove().get());
        }
        return values;
    }

    /** A client that binds its tokens: by itself, or by what it tells Approov's service layer. */
    private static Call.Factory binding(JSONObject order) throws Exception {
        Origin origin = Origin.of(BASE_URL);
        Binding binding = new Binding(order.getString("headers").split(","));
        if (!order.getBoolean("layer")) {
            TokenSource tokens = new DevelopmentTokens(DevelopmentTokens.PUBLISHED_SECRET);
            return new OkHttpClient.Builder()
                    .addInterceptor(new AttestationInterceptor(origin, binding, tokens))
                    .build();
        }
        ApproovService.initialize(new App(), "#your-account#");
        ApproovService.setOkHttpClientBuilder(
                new OkHttpClient.Builder()
                        .addInterceptor(
                                new BindingInterceptor(
                                        origin, binding, ApproovService::setDataHashInToken)));
        return ApproovService.getOkHttpClient();
    }

    private Object secret(JSONObject order) throws Exception {
        String kind = order.getString("key");
        if (kind.equals("plain")) {
            return ofTheGuide("MapsKey", "fetch");
        }
        if (secrets == null) {
            secrets =
                    kind.equals("guide")
                            ? (RuntimeSecrets) ofTheGuide("Keys", "secrets")
                            : new RuntimeSecrets(calls, BASE_URL, RecipientKey.inMemory());
        }
        return secrets.value(order.getString("name"));
    }

    private void pin(JSONObject order) throws Exception {
        Certificate certificate = certificate(order.getString("certificate"));
        Object[] given = {
            new OkHttpClient.Builder(), order.getString("pin"), order.getString("backup")
        };
        CertificatePinner pins = (CertificatePinner) ofTheGuide("Pins", "add", given);
        pins.check("your.domain", Collections.singletonList(certificate));
    }

    private static Certificate certificate(String text) throws Exception {
        byte[] pem = text.getBytes(StandardCharsets.US_ASCII);
        try (InputStream stream = new ByteArrayInputStream(pem)) {
            return CertificateFactory.getInstance("X.509").generateCertificate(stream);
        }
    }

    private void get(JSONObject order, JSONObject said) throws Exception {
        Request.Builder request = new Request.Builder().url(order.getString("url"));
        JSONObject headers = order.optJSONObject("headers");
        JSONArray names = headers == null ? null : headers.names();
        for (int i = 0; names != null && i < names.length(); i++) {
            request.header(names.getString(i), headers.getString(names.getString(i)));
        }
        try (Response response = calls.newCall(request.build()).execute()) {
            Response network = response.networkResponse();
            said.put("status", response.code())
                    .put("network", network == null ? JSONObject.NULL : network.code())
                    .put("cached", response.cacheResponse() != null)
                    .put("bytes", response.body().bytes().length);
        }
    }

    private static Call.Factory callsOfTheGuide() throws Exception {
        Class<?> http = Class.forName("your.app.Http");
        for (Method method : http.getDeclaredMethods()) {
            if (method.getName().equals("calls") || method.getName().equals("getCalls")) {
                return (Call.Factory) ofTheGuide("Http", method.getName());
            }
        }
        throw new AssertionError("Http gives no calls");
    }

    /** Calls what is static in Java, and in Kotlin belongs to an object. */
    private static Object ofTheGuide(String name, String method, Object... given)
            throws Exception {
        Class<?> found = Class.forName("your.app." + name);
        for (Method one : found.getDeclaredMethods()) {
            if (one.getName().equals(method)) {
                boolean isStatic = Modifier.isStatic(one.getModifiers());
                Object on = isStatic ? null : found.getField("INSTANCE").get(null);
                try {
                    return one.invoke(on, given);
                } catch (InvocationTargetException thrown) {
                    if (thrown.getCause() instanceof Exception) {
                        throw (Exception) thrown.getCause();
                    }
                    throw thrown;
                }
            }
        }
        throw new NoSuchMethodException(name + "." + method);
    }
}
