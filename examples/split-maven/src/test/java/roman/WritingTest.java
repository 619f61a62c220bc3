package roman;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class WritingTest {
    @ParameterizedTest
    @CsvSource({"1, I", "4, IV", "1994, MCMXCIV", "3999, MMMCMXCIX"})
    void numerals(int number, String text) {
        assertEquals(text, Roman.write(number));
    }

    @Disabled("nobody has asked for them")
    @Test
    void fractions() {}

    @Nested
    class WithNone {
        @ParameterizedTest
        @MethodSource("roman.TestNumbers#none")
        void isNone(int number) {
            assertThrows(IllegalArgumentException.class, () -> Roman.write(number));
        }
    }
}
