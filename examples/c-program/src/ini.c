#include "ini.h"

#include <string.h>

struct slice {
    const char *start, *end;
};

static int is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static struct slice trim(const char *start, const char *end)
{
    while (start < end && is_space(*start))
        start++;
    while (end > start && is_space(end[-1]))
        end--;
    return (struct slice){start, end};
}

/* Sets the section from "[name]". */
static enum ini_error read_section(struct slice line, struct ini_entry *entry)
{
    if (line.end[-1] != ']')
        return INI_UNCLOSED_SECTION;
    struct slice name = trim(line.start + 1, line.end - 1);
    if (name.start == name.end)
        return INI_EMPTY_SECTION;
    entry->section = name.start;
    entry->section_len = (size_t)(name.end - name.start);
    return INI_OK;
}

/* Takes the quotes off a value, so that it may begin or end with blanks. */
static enum ini_error unquote(struct slice *value)
{
    if (value->start == value->end || *value->start != '"')
        return INI_OK;
    if (value->end - value->start < 2 || value->end[-1] != '"')
        return INI_UNCLOSED_QUOTE;
    value->start++;
    value->end--;
    return INI_OK;
}

/* Sets key and value from "key = value". */
static enum ini_error read_pair(struct slice line, struct ini_entry *entry)
{
    const char *equals = memchr(line.start, '=', (size_t)(line.end - line.start));
    if (equals == NULL)
        return INI_NO_EQUALS;
    struct slice key = trim(line.start, equals), value = trim(equals + 1, line.end);
    if (key.start == key.end)
        return INI_EMPTY_KEY;
    entry->key = key.start;
    entry->key_len = (size_t)(key.end - key.start);
    enum ini_error error = unquote(&value);
    entry->value = value.start;
    entry->value_len = (size_t)(value.end - value.start);
    return error;
}

static enum ini_error read_line(struct slice line, struct ini_entry *entry, ini_visit visit, void *context)
{
    if (line.start == line.end || *line.start == ';' || *line.start == '#')
        return INI_OK;
    if (*line.start == '[')
        return read_section(line, entry);
    enum ini_error error = read_pair(line, entry);
    if (error == INI_OK && visit(entry, context) != 0)
        return INI_STOPPED;
    return error;
}

enum ini_error ini_read(const char *text, size_t len, ini_visit visit, void *context, unsigned *line)
{
    struct ini_entry entry = {.section = "", .line = 0};
    const char *end = text + len;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *line_end = newline ? newline : end;
        entry.line++;
        enum ini_error error = read_line(trim(text, line_end), &entry, visit, context);
        if (error != INI_OK) {
            *line = entry.line;
            return error;
        }
        text = newline ? newline + 1 : end;
    }
    return INI_OK;
}

const char *ini_message(enum ini_error error)
{
    switch (error) {
    case INI_OK: return "no error";
    case INI_UNCLOSED_SECTION: return "a section needs a closing bracket";
    case INI_EMPTY_SECTION: return "a section needs a name";
    case INI_NO_EQUALS: return "expected key = value";
    case INI_EMPTY_KEY: return "a value needs a key";
    case INI_UNCLOSED_QUOTE: return "a value that begins with a quote must end with one";
    case INI_STOPPED: return "stopped";
    }
    return "unknown error";
}
