package roman;

import static org.junit.Assert.assertEquals;

import org.junit.Test;

/** What is written is read again; each class below says which numbers. */
public abstract class ThereAndBack {
    abstract int first();

    @Test
    public void aHundred() {
        for (int number = first(); number < first() + 100; number++) assertEquals(number, Roman.read(Roman.write(number)));
    }
}
