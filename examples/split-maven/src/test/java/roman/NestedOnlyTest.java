package roman;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** All of its tests are in classes in it. */
class NestedOnlyTest {
    @Nested
    class AYear {
        @Test
        void isRead() {
            assertEquals(1994, Roman.read("MCMXCIV"));
        }

        @Nested
        class WrittenWrongly {
            @Test
            void isNone() {
                assertThrows(IllegalArgumentException.class, () -> Roman.read("IIX"));
            }
        }
    }
}
