#!/bin/sh
# program.sh INIGET NAME EXPECTED-CODE FILE ARGUMENT...: one call of the program against what it should print.
set -eu
iniget=$1 name=$2 expected=$3 file=$4
shift 4

code=0
output=$("$iniget" "$@" <"$file" 2>&1) || code=$?
if [ "$code" -ne "$expected" ]; then
  echo "exit code $code, expected $expected; it printed: $output"
  exit 1
fi
printf '%s\n' "$output" | diff "expected/$name.txt" -
