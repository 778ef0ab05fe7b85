package retrofit2;

public interface Converter {
    abstract class Factory {}
}
