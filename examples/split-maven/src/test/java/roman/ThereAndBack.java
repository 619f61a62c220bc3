package roman;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** What is written is read again; each class below says which numbers. */
abstract class ThereAndBack {
    abstract int first();

    @Test
    void aHundred() {
        for (int number = first(); number < first() + 100; number++) assertEquals(number, Roman.read(Roman.write(number)));
    }
}
