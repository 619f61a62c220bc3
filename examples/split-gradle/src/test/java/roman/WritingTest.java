package roman;

import static org.junit.Assert.assertEquals;

import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.Parameterized;
import org.junit.runners.Parameterized.Parameter;
import org.junit.runners.Parameterized.Parameters;

@RunWith(Parameterized.class)
public class WritingTest {
    @Parameters(name = "{1}")
    public static Object[][] numerals() {
        return new Object[][] {{1, "I"}, {4, "IV"}, {1994, "MCMXCIV"}, {3999, "MMMCMXCIX"}};
    }

    @Parameter(0)
    public int number;

    @Parameter(1)
    public String text;

    @Test
    public void isWritten() {
        assertEquals(text, Roman.write(number));
    }
}
