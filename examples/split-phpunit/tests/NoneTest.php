<?php

namespace Numbers;

use PHPUnit\Framework\TestCase;
use RangeException;

require_once __DIR__ . '/../src/roman.php';

final class NoneTest extends TestCase
{
    public function testNothing(): void
    {
        $this->expectException(RangeException::class);
        \write(0);
    }

    public function testTooMuch(): void
    {
        $this->expectException(RangeException::class);
        \write(4000);
    }
}
