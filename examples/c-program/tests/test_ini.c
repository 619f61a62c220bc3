/* The library alone: text in, "section.key=value@line;" out. */
#include "ini.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

static int write_down(const struct ini_entry *e, void *context)
{
    char *out = context;
    sprintf(out + strlen(out), "%.*s.%.*s=%.*s@%u;", (int)e->section_len, e->section, (int)e->key_len, e->key,
            (int)e->value_len, e->value, e->line);
    return strncmp(e->key, "stop", 4) == 0;
}

/* Reads from memory that ends where the text ends, so that a sanitizer sees every step beyond it. */
static void check_read(int at, const char *text, const char *expected, enum ini_error error, unsigned line)
{
    char out[512] = "";
    unsigned found_line = 0;
    size_t len = strlen(text);
    char *exact = malloc(len ? len : 1);
    memcpy(exact, text, len);
    enum ini_error found = ini_read(exact, len, write_down, out, &found_line);
    free(exact);
    if (strcmp(out, expected) == 0 && found == error && found_line == line)
        return;
    failures++;
    printf("test_ini.c:%d: read \"%s\", %s at line %u\n  expected \"%s\", %s at line %u\n", at, out,
           ini_message(found), found_line, expected, ini_message(error), line);
}

#define READS(text, expected) check_read(__LINE__, text, expected, INI_OK, 0)
#define FAILS(text, expected, error, line) check_read(__LINE__, text, expected, error, line)

int main(void)
{
    READS("", "");
    READS("\n\n  \n", "");
    READS("a=1", ".a=1@1;");
    READS("a = 1\r\nb = 2\r\n", ".a=1@1;.b=2@2;");
    READS("[s]\na=1\n[t]\na=2\n", "s.a=1@2;t.a=2@4;");
    READS("; no\n# no\n[ s ] \n  a\t=\t1  ", "s.a=1@4;");
    READS("a = b = c", ".a=b = c@1;");
    READS("a =", ".a=@1;");
    READS("a = \" 1 \"", ".a= 1 @1;");
    READS("a = \"\"", ".a=@1;");
    READS("a = ; not a comment", ".a=; not a comment@1;");

    FAILS("[s", "", INI_UNCLOSED_SECTION, 1);
    FAILS("[", "", INI_UNCLOSED_SECTION, 1);
    FAILS("a=1\n[ ]", ".a=1@1;", INI_EMPTY_SECTION, 2);
    FAILS("a", "", INI_NO_EQUALS, 1);
    FAILS("= 1", "", INI_EMPTY_KEY, 1);
    FAILS("a = \"", "", INI_UNCLOSED_QUOTE, 1);
    FAILS("a = \"b", "", INI_UNCLOSED_QUOTE, 1);
    FAILS("a=1\nstop=1\nb=2", ".a=1@1;.stop=1@2;", INI_STOPPED, 2);

    if (failures == 0)
        puts("19 texts read as expected");
    return failures != 0;
}
