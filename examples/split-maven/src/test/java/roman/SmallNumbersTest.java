package roman;

/** Its test is that of the class above it. */
class SmallNumbersTest extends ThereAndBack {
    @Override
    int first() {
        return 1;
    }
}
