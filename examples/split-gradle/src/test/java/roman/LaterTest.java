package roman;

import org.junit.Ignore;
import org.junit.Test;

@Ignore("nobody has asked for them")
public class LaterTest {
    @Test
    public void fractions() {}
}
