#include "pattern.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"
#include "xmalloc.h"

enum { SHOWN = 60 /* bytes of a text in a description */ };

/* ---- numbers with names ---- */

static const struct symbol {
	const char *field, *name;
	uint64_t number;
} symbols[] = {
#define REFUSAL(NAME, name, no, effect, text)                                  \
	{ "code", #name, no }, { "reason", #name, no },
#include "refusals.def"
#define MESSAGE(NAME, name, no, from, when, cost, meaning)                     \
	{ "request", #name, no },
#define ENTRY(NAME, name, no, by, meaning) { "kind", #name, no },
#include "protocol.def"
	{ "state", "here", PRESENCE_HERE },
	{ "state", "lost", PRESENCE_LOST },
};

enum { SYMBOLS = sizeof(symbols) / sizeof(symbols[0]) };

static const char *
symbol_name(const char *field, uint64_t number)
{
	size_t i;

	for (i = 0; i < SYMBOLS; i++)
		if (strcmp(symbols[i].field, field) == 0 &&
		    symbols[i].number == number)
			return symbols[i].name;
	return NULL;
}

static bool
read_number(const char *field, const char *word, uint64_t *out)
{
	char *end;
	size_t i;

	for (i = 0; i < SYMBOLS; i++)
		if (strcmp(symbols[i].field, field) == 0 &&
		    strcmp(symbols[i].name, word) == 0) {
			*out = symbols[i].number;
			return true;
		}
	errno = 0;
	*out = strtoull(word, &end, 0);
	return errno == 0 && end != word && *end == '\0' && isdigit(*word);
}

/* ---- variables ---- */

void
variables_done(struct variables *v)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		buf_done(&v->at[i].value.bytes);
	free(v->at);
	*v = (struct variables){ 0 };
}

static struct value *
find(struct variables *v, const char *name)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		if (strcmp(v->at[i].name, name) == 0)
			return &v->at[i].value;
	return NULL;
}

static struct value *
find_or_add(struct variables *v, const char *name)
{
	struct value *found = find(v, name);

	if (found != NULL)
		return found;
	v->at = xrealloc(v->at, v->n + 1, sizeof(v->at[0]));
	v->at[v->n] = (struct variable){ .name = "" };
	snprintf(v->at[v->n].name, PATTERN_NAME, "%s", name);
	return &v->at[v->n++].value;
}

void
variables_set_number(struct variables *v, const char *name, uint64_t number)
{
	find_or_add(v, name)->number = number;
}

/* ---- values ---- */

static bool
is_bytes(enum kind kind)
{
	return kind == KIND_name || kind == KIND_text || kind == KIND_id ||
	    kind == KIND_data;
}

static int
read_escape(const char **at)
{
	static const char from[] = "nrt0", to[] = "\n\r\t";
	char hex[3] = { 0 }, c = *(*at)++;
	const char *known = c != '\0' ? strchr(from, c) : NULL;

	if (known != NULL)
		return to[known - from];
	if (c != 'x')
		return c;
	if (!isxdigit((*at)[0]) || !isxdigit((*at)[1]))
		return -1;
	memcpy(hex, *at, 2);
	*at += 2;
	return (int)strtoul(hex, NULL, 16);
}

/* One "text" or, for raw bytes, one 0f; *at goes behind it. */
static const char *
read_part(struct buf *out, const char **at)
{
	char hex[3] = { 0 };
	int c;

	if (**at != '"') {
		if (!isxdigit((*at)[0]) || !isxdigit((*at)[1]))
			return "bytes are two hexadecimal digits or \"text\"";
		memcpy(hex, *at, 2);
		*at += 2;
		buf_add_u8(out, (uint8_t)strtoul(hex, NULL, 16));
		return NULL;
	}
	for (++*at; **at != '"';) {
		if (**at == '\0')
			return "the closing quote is missing";
		c = (unsigned char)*(*at)++;
		if (c == '\\')
			c = read_escape(at);
		if (c < 0)
			return "\\x is followed by two hexadecimal digits";
		buf_add_u8(out, (uint8_t)c);
	}
	++*at;
	return NULL;
}

/* A part, and *N behind it. */
static const char *
read_parts(struct buf *out, const char **at)
{
	struct buf part = { 0 };
	const char *wrong = read_part(&part, at);
	unsigned long n = 1;

	if (wrong == NULL && **at == '*')
		n = strtoul(*at + 1, (char **)(void *)at, 10);
	for (; wrong == NULL && n > 0; n--)
		buf_add_slice(out, buf_slice(&part));
	buf_done(&part);
	return wrong;
}

const char *
pattern_bytes(struct buf *out, const char *words)
{
	const char *wrong = NULL;

	while (wrong == NULL && *(words += strspn(words, " \t")) != '\0')
		wrong = read_parts(out, &words);
	return wrong;
}

static const char *
read_id(const char *word, struct buf *out)
{
	struct id id = { { 0 } };

	if (strcmp(word, "random") == 0)
		peer_device(&id);
	else if (strcmp(word, "zero") != 0)
		return "an id is random, zero or $name";
	buf_add(out, id.byte, sizeof(id));
	return NULL;
}

/* "text", $name and so on, one behind the other. */
static const char *
read_text(const char *at, struct variables *v, struct buf *out)
{
	const char *wrong = NULL;
	char name[PATTERN_NAME];
	const struct value *found;
	size_t len;

	while (wrong == NULL && *at != '\0') {
		if (*at != '$') {
			wrong = read_parts(out, &at);
			continue;
		}
		len = strcspn(++at, "\"$");
		snprintf(name, sizeof(name), "%.*s", (int)len, at);
		at += len;
		found = find(v, name);
		if (found == NULL)
			return "nothing has given this $name a value yet";
		if (found->bytes.len != 0)
			buf_add_slice(out, buf_slice(&found->bytes));
		else
			buf_printf(out, "%ju", (uintmax_t)found->number);
	}
	return wrong;
}

/* $name, $name+1, $name-1 */
static const char *
read_variable(const struct field *f, const char *word, struct variables *v,
    bool is_sent, struct value *out)
{
	char name[PATTERN_NAME];
	size_t len = strcspn(word + 1, "+-");
	struct value *found;

	snprintf(name, sizeof(name), "%.*s", (int)len, word + 1);
	found = find(v, name);
	if (found == NULL && is_sent && f->kind == KIND_id) {
		found = find_or_add(v, name);
		read_id("random", &found->bytes);
	}
	if (found == NULL)
		return "nothing has given this $name a value yet";
	buf_add_slice(&out->bytes, buf_slice(&found->bytes));
	out->number =
	    found->number + (uint64_t)strtoll(word + 1 + len, NULL, 10);
	return NULL;
}

static const char *
read_value(const struct field *f, const char *word, struct variables *v,
    bool is_sent, struct value *out)
{
	*out = (struct value){ 0 };
	if (*word == '$')
		return read_variable(f, word, v, is_sent, out);
	if (f->kind == KIND_id)
		return read_id(word, &out->bytes);
	if (is_bytes(f->kind) && *word == '"')
		return read_text(word, v, &out->bytes);
	if (is_bytes(f->kind))
		buf_add_string(&out->bytes, word);
	else if (!read_number(f->name, word, &out->number))
		return "this is no number, nor a name one has in this field";
	return NULL;
}

/* ---- a pattern ---- */

/* Length of a word; blanks between quotes belong to it. */
static size_t
word_len(const char *at)
{
	bool quoted = false;
	size_t n;

	for (n = 0; at[n] != '\0' && (quoted || !isblank(at[n])); n++) {
		if (at[n] == '\\' && at[n + 1] != '\0')
			n++;
		else if (at[n] == '"')
			quoted = !quoted;
	}
	return n;
}

static const struct message_row *
find_row(const char *name, size_t len)
{
	size_t n, i;
	const struct message_row *rows = protocol_rows(&n);

	for (i = 0; i < n; i++)
		if (strlen(rows[i].name) == len &&
		    memcmp(rows[i].name, name, len) == 0)
			return &rows[i];
	return NULL;
}

static const char *
parse_test(struct pattern *p, const char *word, size_t len)
{
	struct pattern_test *t = &p->test[p->n];
	size_t name = strcspn(word, "=!<>~");
	const char *value = word + name + 1;

	if (name >= len || p->n == PATTERN_FIELDS)
		return "a field is given as name=value";
	for (t->field = p->row->fields; t->field->name != NULL; t->field++)
		if (strlen(t->field->name) == name &&
		    memcmp(t->field->name, word, name) == 0)
			break;
	if (t->field->name == NULL)
		return "this message has no such field";
	t->op = word[name];
	if (strchr("!<>", t->op) != NULL && *value++ != '=')
		return "the signs are = != <= >= ~";
	t->value = xstrndup(value, len - (size_t)(value - word));
	p->n++;
	return NULL;
}

const char *
pattern_parse(struct pattern *p, const char *words)
{
	size_t len = word_len(words);
	const char *wrong = NULL;

	*p = (struct pattern){ .row = find_row(words, len) };
	if (p->row == NULL)
		return "no message has this name";
	while (wrong == NULL) {
		words += len;
		words += strspn(words, " \t");
		if (*words == '\0')
			return NULL;
		len = word_len(words);
		wrong = parse_test(p, words, len);
	}
	pattern_done(p);
	return wrong;
}

void
pattern_done(struct pattern *p)
{
	while (p->n > 0)
		free(p->test[--p->n].value);
}

/* ---- a message from a pattern ---- */

static void
put_value(const struct field *f, const struct value *v, void *to)
{
	switch (f->kind) {
	case KIND_u8:
		*(kind_u8 *)to = (kind_u8)v->number;
		break;
	case KIND_u16:
		*(kind_u16 *)to = (kind_u16)v->number;
		break;
	case KIND_u32:
		*(kind_u32 *)to = (kind_u32)v->number;
		break;
	case KIND_u64:
		*(kind_u64 *)to = v->number;
		break;
	case KIND_id:
		memcpy(to, buf_at(&v->bytes), sizeof(kind_id));
		break;
	case KIND_name:
	case KIND_text:
	case KIND_data:
		*(struct slice *)to = buf_slice(&v->bytes);
		break;
	}
}

const char *
pattern_make(const struct pattern *p, struct variables *vars,
    union message *out, struct buf held[PATTERN_FIELDS])
{
	const struct pattern_test *t;
	struct value value;
	const char *wrong;
	size_t i;

	memset(out, 0, sizeof(*out));
	out->type = p->row->type;
	for (i = 0; i < p->n; i++) {
		t = &p->test[i];
		if (t->op != '=')
			return "what is sent is given with =";
		wrong = read_value(t->field, t->value, vars, true, &value);
		buf_done(&held[i]);
		held[i] = value.bytes;
		if (wrong != NULL)
			return wrong;
		put_value(t->field, &value, (char *)out + t->field->offset);
	}
	return NULL;
}

/* ---- a message against a pattern ---- */

static uint64_t
number_of(const struct field *f, const void *held)
{
	switch (f->kind) {
	case KIND_u8:
		return *(const kind_u8 *)held;
	case KIND_u16:
		return *(const kind_u16 *)held;
	case KIND_u32:
		return *(const kind_u32 *)held;
	case KIND_u64:
		return *(const kind_u64 *)held;
	default:
		return 0;
	}
}

static struct slice
bytes_of(const struct field *f, const void *held)
{
	if (f->kind == KIND_id)
		return (struct slice){ held, sizeof(kind_id) };
	return *(const struct slice *)held;
}

static bool
fits(const struct pattern_test *t, const struct value *want, const void *held)
{
	struct slice have, part = buf_slice(&want->bytes);
	uint64_t number = number_of(t->field, held);
	bool same;

	if (is_bytes(t->field->kind)) {
		have = bytes_of(t->field, held);
		if (t->op == '~')
			return memmem(have.at, have.len, part.at, part.len) !=
			    NULL;
		same = slice_is(have, part);
	} else {
		same = number == want->number;
	}
	switch (t->op) {
	case '!':
		return !same;
	case '<':
		return number <= want->number;
	case '>':
		return number >= want->number;
	}
	return same;
}

/* Whether this test has nothing to compare with yet, but a name to give. */
static bool
is_new(const struct pattern_test *t, struct variables *vars)
{
	return t->value[0] == '$' && t->op == '=' &&
	    strpbrk(t->value, "+-") == NULL && find(vars, t->value + 1) == NULL;
}

static void
set_new(const struct pattern_test *t, struct variables *vars,
    const union message *m)
{
	const void *held = (const char *)m + t->field->offset;
	struct value *v = find_or_add(vars, t->value + 1);

	if (is_bytes(t->field->kind))
		buf_add_slice(&v->bytes, bytes_of(t->field, held));
	else
		v->number = number_of(t->field, held);
}

const char *
pattern_misfit(
    const struct pattern *p, struct variables *vars, const union message *m)
{
	const struct pattern_test *t;
	struct value want;
	const char *wrong;
	size_t i;

	if (m->type != p->row->type)
		return "another message";
	for (i = 0; i < p->n; i++) {
		t = &p->test[i];
		if (is_new(t, vars))
			continue;
		wrong = read_value(t->field, t->value, vars, false, &want);
		if (wrong == NULL &&
		    !fits(t, &want, (const char *)m + t->field->offset))
			wrong = t->field->name;
		buf_done(&want.bytes);
		if (wrong != NULL)
			return wrong;
	}
	for (i = 0; i < p->n; i++)
		if (is_new(&p->test[i], vars))
			set_new(&p->test[i], vars, m);
	return NULL;
}

/* ---- a message as words ---- */

static void
describe_bytes(struct buf *out, struct slice s)
{
	size_t i;

	buf_add_string(out, "\"");
	for (i = 0; i < s.len && i < SHOWN; i++)
		if (s.at[i] == '"' || s.at[i] == '\\')
			buf_printf(out, "\\%c", s.at[i]);
		else if ((unsigned char)s.at[i] < ' ' || s.at[i] == 0x7f)
			buf_printf(out, "\\x%02x", (unsigned char)s.at[i]);
		else
			buf_add_u8(out, (uint8_t)s.at[i]);
	buf_add_string(out, "\"");
	if (s.len > SHOWN)
		buf_printf(out, "(%zu bytes)", s.len);
}

void
pattern_describe(struct buf *out, const union message *m)
{
	const struct message_row *row = protocol_row(m->type);
	const struct field *f;
	const char *name;
	const void *held;

	buf_add_string(out, row->name);
	for (f = row->fields; f->name != NULL; f++) {
		held = (const char *)m + f->offset;
		buf_printf(out, " %s=", f->name);
		name = symbol_name(f->name, number_of(f, held));
		if (f->kind == KIND_id)
			buf_add_string(out, "(id)");
		else if (is_bytes(f->kind))
			describe_bytes(out, bytes_of(f, held));
		else if (name != NULL)
			buf_add_string(out, name);
		else
			buf_printf(out, "%ju", (uintmax_t)number_of(f, held));
	}
}
