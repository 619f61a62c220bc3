<?php
// Roman numerals.

const SIGNS = [1000 => 'M', 900 => 'CM', 500 => 'D', 400 => 'CD', 100 => 'C', 90 => 'XC', 50 => 'L', 40 => 'XL',
    10 => 'X', 9 => 'IX', 5 => 'V', 4 => 'IV', 1 => 'I'];

// A number from 1 to 3999 as a numeral.
function write(int $number): string
{
    if ($number < 1 || $number > 3999) {
        throw new RangeException("$number has no numeral");
    }
    $text = '';
    foreach (SIGNS as $value => $sign) {
        $text .= str_repeat($sign, intdiv($number, $value));
        $number %= $value;
    }
    return $text;
}
