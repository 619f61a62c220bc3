/* Reads INI text: sections, keys, values, comments. It keeps no state and never allocates for the caller. */
#ifndef INI_H
#define INI_H

#include <stddef.h>

enum ini_error {
    INI_OK = 0,
    INI_UNCLOSED_SECTION,
    INI_EMPTY_SECTION,
    INI_NO_EQUALS,
    INI_EMPTY_KEY,
    INI_UNCLOSED_QUOTE,
    INI_STOPPED, /* the callback asked for it */
};

/* One key and its value. The strings are not terminated and point into the text that was given. */
struct ini_entry {
    const char *section, *key, *value;
    size_t section_len, key_len, value_len;
    unsigned line;
};

/* Is called for every entry in order; anything but 0 ends the reading. */
typedef int (*ini_visit)(const struct ini_entry *entry, void *context);

/* Reads all of the text. On an error *line holds its line, counted from 1. */
enum ini_error ini_read(const char *text, size_t len, ini_visit visit, void *context, unsigned *line);

/* A message in words for an error. */
const char *ini_message(enum ini_error error);

#endif
