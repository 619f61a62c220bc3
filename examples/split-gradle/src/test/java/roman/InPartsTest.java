package roman;

import static org.junit.Assert.assertEquals;

import org.junit.Test;

/** All of its tests are in classes in it, which Gradle runs by themselves. */
public class InPartsTest {
    public static class Written {
        @Test
        public void aYear() {
            assertEquals("MCMXCIV", Roman.write(1994));
        }
    }

    public static class Read {
        @Test
        public void aYear() {
            assertEquals(1994, Roman.read("MCMXCIV"));
        }

        @Test(expected = IllegalArgumentException.class)
        public void wrongly() {
            Roman.read("IIX");
        }
    }
}
