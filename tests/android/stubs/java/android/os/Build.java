package android.os;

public final class Build {
    private Build() {}

    public static final class VERSION {
        public static final int SDK_INT = Integer.getInteger("sdk", 35);

        private VERSION() {}
    }
}
