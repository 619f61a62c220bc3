package roman;

/** Its test is that of the class above it. */
class LargeNumbersTest extends ThereAndBack {
    @Override
    int first() {
        return 3900;
    }
}
