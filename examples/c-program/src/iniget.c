/* Prints one value of the INI file on standard input. */
#include "ini.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOUND = 0, NOT_SET = 1, BAD_FILE = 2, BAD_USAGE = 64, NO_MEMORY = 71 };

struct wanted {
    const char *section, *key;
    size_t section_len;
    const char *value; /* NULL until found */
    size_t value_len;
};

static int same(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

/* Goes on after a match: the last value set wins. */
static int look(const struct ini_entry *entry, void *context)
{
    struct wanted *wanted = context;
    if (same(entry->section, entry->section_len, wanted->section, wanted->section_len) &&
        same(entry->key, entry->key_len, wanted->key, strlen(wanted->key))) {
        wanted->value = entry->value;
        wanted->value_len = entry->value_len;
    }
    return 0;
}

/* All of a stream in memory that the caller frees; NULL when there is none left. */
static char *read_all(FILE *file, size_t *len)
{
    size_t size = 4096;
    char *text = malloc(size);
    *len = 0;
    while (text != NULL) {
        *len += fread(text + *len, 1, size - *len, file);
        if (*len < size)
            return text;
        size *= 2;
        char *larger = realloc(text, size);
        if (larger == NULL)
            free(text);
        text = larger;
    }
    return NULL;
}

/* Splits "section.key" at its last dot; a key alone stands before any section. */
static struct wanted wanted_from(const char *path)
{
    const char *dot = strrchr(path, '.');
    if (dot == NULL)
        return (struct wanted){.section = "", .key = path};
    return (struct wanted){.section = path, .section_len = (size_t)(dot - path), .key = dot + 1};
}

static int print_value(const char *path, const char *fallback, const char *text, size_t len)
{
    struct wanted wanted = wanted_from(path);
    unsigned line = 0;
    enum ini_error error = ini_read(text, len, look, &wanted, &line);
    if (error != INI_OK) {
        fprintf(stderr, "iniget: line %u: %s\n", line, ini_message(error));
        return BAD_FILE;
    }
    if (wanted.value != NULL) {
        printf("%.*s\n", (int)wanted.value_len, wanted.value);
    } else if (fallback != NULL) {
        puts(fallback);
    } else {
        fprintf(stderr, "iniget: %s is not set\n", path);
        return NOT_SET;
    }
    return FOUND;
}

int main(int argc, char **argv)
{
    static const char option[] = "--default=";
    const char *fallback = NULL;
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("iniget " INIGET_VERSION);
        return 0;
    }
    if (argc == 3 && strncmp(argv[1], option, strlen(option)) == 0) {
        fallback = argv[1] + strlen(option);
    } else if (argc != 2) {
        fputs("usage: iniget [--default=VALUE] [SECTION.]KEY < FILE\n", stderr);
        return BAD_USAGE;
    }
    size_t len;
    char *text = read_all(stdin, &len);
    if (text == NULL)
        return NO_MEMORY;
    int code = print_value(argv[argc - 1], fallback, text, len);
    free(text);
    return code;
}
