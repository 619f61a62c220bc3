package roman;

public class SmallNumbersTest extends ThereAndBack {
    @Override
    int first() {
        return 1;
    }
}
