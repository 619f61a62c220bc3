package roman;

import static org.junit.Assert.assertEquals;

import org.junit.Test;

/** Its name begins like that of another one. */
public class SignTestOfOld {
    @Test
    public void four() {
        assertEquals("IV", Roman.write(4));
    }
}
