package roman;

/** Roman numerals. */
public final class Roman {
    private static final int[] VALUES = {1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1};
    private static final String[] SIGNS = {"M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"};

    private Roman() {}

    /** A number from 1 to 3999 as a numeral. */
    public static String write(int number) {
        if (number < 1 || number > 3999) throw new IllegalArgumentException(number + " has no numeral");
        StringBuilder text = new StringBuilder();
        for (int at = 0; at < VALUES.length; at++) {
            for (; number >= VALUES[at]; number -= VALUES[at]) text.append(SIGNS[at]);
        }
        return text.toString();
    }

    /** The number that a numeral stands for. */
    public static int read(String text) {
        for (int number = 1; number < 4000; number++) if (write(number).equals(text)) return number;
        throw new IllegalArgumentException(text + " is no numeral");
    }
}
