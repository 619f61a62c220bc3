package roman;

import static org.junit.Assert.assertEquals;

import org.junit.Ignore;
import org.junit.Test;

public class OldSignTest {
    @Test
    public void four() {
        assertEquals("IV", Roman.write(4));
    }

    @Ignore("nobody has asked for it")
    @Test
    public void fiveThousand() {}
}
