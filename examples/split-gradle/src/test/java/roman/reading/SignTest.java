package roman.reading;

import static org.junit.Assert.assertEquals;

import org.junit.Test;
import roman.Roman;

/** Called like another one, in another package. */
public class SignTest {
    @Test
    public void five() {
        assertEquals(5, Roman.read("V"));
    }
}
