package roman;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.platform.runner.JUnitPlatform;
import org.junit.runner.RunWith;

/** By JUnit 5, which JUnit 4 starts. */
@RunWith(JUnitPlatform.class)
public class NestedTest {
    @Test
    void aYear() {
        assertEquals(1994, Roman.read("MCMXCIV"));
    }

    @Nested
    class WithNone {
        @ParameterizedTest
        @MethodSource("roman.TestNumbers#none")
        void isNone(int number) {
            assertThrows(IllegalArgumentException.class, () -> Roman.write(number));
        }

        @Disabled("nobody has asked for it")
        @Test
        void isWritten() {}
    }
}
