package roman;

import static org.junit.Assert.assertEquals;

import org.junit.Ignore;
import org.junit.Test;

public class SignTest {
    @Test
    public void five() {
        assertEquals("V", Roman.write(5));
    }

    @Test
    public void fifty() {
        assertEquals("L", Roman.write(50));
    }

    @Ignore("nobody has asked for it")
    @Test
    public void fiveThousand() {}
}
