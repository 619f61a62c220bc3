package roman;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

class SignTest {
    @DisplayName("five is \"V\"")
    @Test
    void five() {
        assertEquals("V", Roman.write(5));
    }

    @RepeatedTest(2)
    void fifty() {
        assertEquals("L", Roman.write(50));
    }
}
