package roman;

public class LargeNumbersTest extends ThereAndBack {
    @Override
    int first() {
        return 3900;
    }
}
