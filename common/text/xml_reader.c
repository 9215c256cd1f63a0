#include "common/text/xml_reader.h"

#include "common/base/mem.h"
#include "common/base/utf8.h"

#include <libxml/parser.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { BLOCK = 16384, FAULT_MOST = 200 };

struct block {
	struct block *before;
	size_t used, room;
	char data[];
};

/* An element that is not closed yet. */
struct open {
	struct xml_node *node, *last; /* last: its youngest child */
	struct buf text;
};

struct xml {
	struct block *memory;
	struct xml_node *root;
};

/* What one reading keeps in hand. */
struct reading {
	struct xml *xml;
	xmlParserCtxtPtr parser;
	struct open open[XML_DEPTH_MOST];
	int depth;
	size_t nodes;
	struct buf *fault;
	bool faulty;
};

static void *grab(struct xml *xml, size_t size)
{
	struct block *block = xml->memory;

	size = (size + 7) & ~(size_t)7;
	if (!block || block->room - block->used < size) {
		size_t room = size > BLOCK ? size : BLOCK;
		block = mem_alloc(sizeof *block + room);
		block->before = xml->memory;
		block->room = room;
		xml->memory = block;
	}
	void *memory = block->data + block->used;
	block->used += size;
	return memory;
}

static const char *keep(struct xml *xml, const void *bytes, size_t length)
{
	char *copy = grab(xml, length + 1);

	if (length)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	return copy;
}

/* The first fault counts: what follows is most often its echo. */
static void refuse(struct reading *r, int line, const char *what)
{
	if (r->faulty)
		return;
	r->faulty = true;
	size_t length = strcspn(what, "\r\n");
	if (length > FAULT_MOST)
		length = FAULT_MOST;
	while (length > 0 && !utf8_valid(what, length))
		length--;
	char *told = mem_copy(what, length);
	if (line > 0)
		buf_format(r->fault, "line %d: ", line);
	buf_text_add(r->fault, utf8_has_controls(told, false) ? "is not sound XML" : told);
	free(told);
	if (r->parser)
		xmlStopParser(r->parser);
}

static void refuse_here(struct reading *r, const char *what)
{
	refuse(r, xmlSAX2GetLineNumber(r->parser), what);
}

static const struct xml_attribute *keep_attributes(struct reading *r, int count,
						   const xmlChar **given)
{
	const struct xml_attribute *first = NULL, **to = &first;

	/* five each: name, prefix, name space, value, end of the value */
	for (int i = 0; i < count; i++, given += 5) {
		struct xml_attribute *a = grab(r->xml, sizeof *a);
		const char *name = (const char *)given[0];
		a->name = keep(r->xml, name, strlen(name));
		a->value = keep(r->xml, given[3], (size_t)(given[4] - given[3]));
		a->next = NULL;
		*to = a;
		to = &a->next;
	}
	return first;
}

static void on_start(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *space,
		     int space_count, const xmlChar **spaces, int attribute_count,
		     int default_count, const xmlChar **attributes)
{
	struct reading *r = arg;

	(void)prefix, (void)space_count, (void)spaces, (void)default_count;
	if (r->faulty)
		return;
	if (r->depth == XML_DEPTH_MOST)
		return refuse_here(r, "elements lie too deep in each other");
	if (++r->nodes > XML_NODES_MOST)
		return refuse_here(r, "has too many elements");
	if (strlen((const char *)name) > XML_NAME_MOST)
		return refuse_here(r, "an element has too long a name");

	struct xml_node *node = grab(r->xml, sizeof *node);
	const char *address = space ? (const char *)space : "";
	*node = (struct xml_node){
		.name = keep(r->xml, name, strlen((const char *)name)),
		.space = keep(r->xml, address, strlen(address)),
		.text = "",
		.attributes = keep_attributes(r, attribute_count, attributes),
		.line = xmlSAX2GetLineNumber(r->parser),
	};
	if (r->depth > 0) {
		struct open *parent = &r->open[r->depth - 1];
		if (parent->last)
			parent->last->next = node;
		else
			parent->node->first = node;
		parent->last = node;
	} else {
		r->xml->root = node;
	}
	struct open *open = &r->open[r->depth++];
	open->node = node;
	open->last = NULL;
	buf_clear(&open->text);
}

static void on_text(void *arg, const xmlChar *text, int length)
{
	struct reading *r = arg;

	if (!r->faulty && r->depth > 0 && length > 0)
		buf_add(&r->open[r->depth - 1].text, text, (size_t)length);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void on_end(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *space)
{
	struct reading *r = arg;

	(void)name, (void)prefix, (void)space;
	if (r->faulty || r->depth == 0)
		return;
	struct open *open = &r->open[--r->depth];
	const char *text = buf_text(&open->text);
	size_t length = open->text.length;
	while (length > 0 && is_blank(text[length - 1]))
		length--;
	while (length > 0 && is_blank(*text))
		text++, length--;
	if (length)
		open->node->text = keep(r->xml, text, length);
}

static void on_document_type(void *arg, const xmlChar *name, const xmlChar *id,
			     const xmlChar *address)
{
	(void)name, (void)id, (void)address;
	refuse_here(arg, "has a document type (DOCTYPE), which is not allowed here");
}

static xmlEntityPtr on_entity(void *arg, const xmlChar *name)
{
	(void)arg;
	return xmlGetPredefinedEntity(name);
}

static void on_error(void *arg, xmlErrorPtr error)
{
	struct reading *r = arg;

	if (error->level != XML_ERR_WARNING)
		refuse(r, error->line, error->message ? error->message : "is not sound XML");
}

/* That the bytes are UTF-8 and do not claim to be anything else. */
static bool check_encoding(struct reading *r, const char *text, size_t length)
{
	size_t at = 0;

	while (at < length) {
		uint32_t c;
		size_t size = utf8_decode(text + at, length - at, &c);
		if (!size || c == 0)
			break;
		at += size;
	}
	if (at < length) {
		char what[96];
		snprintf(what, sizeof what, "byte %zu is %s; it must be UTF-8", at + 1,
			 text[at] ? "no UTF-8" : "NUL");
		refuse(r, 0, what);
		return false;
	}
	if (length < 5 || memcmp(text, "<?xml", 5) != 0)
		return true;
	const char *end = memmem(text, length, "?>", 2);
	const char *told = end ? memmem(text, (size_t)(end - text), "encoding", 8) : NULL;
	if (!told)
		return true;
	told += 8;
	told += strspn(told, " \t\r\n=\"'");
	size_t size = strcspn(told, "\"' \t\r\n?");
	if ((size == 5 && strncasecmp(told, "UTF-8", 5) == 0) ||
	    (size == 8 && strncasecmp(told, "US-ASCII", 8) == 0))
		return true;
	refuse(r, 1, "says that its encoding is another than UTF-8");
	return false;
}

static int line_at(const char *text, const char *at)
{
	int line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

/* Behind the end of a comment and the like that begins so; the end of the text where it has none. */
static const char *skip(const char *at, const char *end, const char *closing)
{
	const char *found = memmem(at, (size_t)(end - at), closing, strlen(closing));

	return found ? found + strlen(closing) : end;
}

static bool begins(const char *at, const char *end, const char *with)
{
	size_t length = strlen(with);

	return (size_t)(end - at) >= length && memcmp(at, with, length) == 0;
}

/* Behind a tag; counts its attributes by their quotes. */
static const char *skip_tag(const char *at, const char *end, int *attributes)
{
	char quote = '\0';

	for (; at < end && (quote || *at != '>'); at++) {
		if (quote && *at == quote) {
			quote = '\0';
		} else if (!quote && (*at == '"' || *at == '\'')) {
			quote = *at;
			(*attributes)++;
		}
	}
	return at;
}

/*
 * That no element has too many attributes, and that there is no document type: before the parser
 * sees them, as it compares each attribute with each.
 */
static bool check_markup(struct reading *r, const char *text, size_t length)
{
	const char *end = text + length, *at = text;

	while ((at = memchr(at, '<', (size_t)(end - at))) != NULL) {
		const char *start = at;
		int attributes = 0;
		if (begins(at, end, "<!--")) {
			at = skip(at + 4, end, "-->");
		} else if (begins(at, end, "<![CDATA[")) {
			at = skip(at, end, "]]>");
		} else if (begins(at, end, "<?")) {
			at = skip(at, end, "?>");
		} else if (begins(at, end, "<!")) {
			refuse(r, line_at(text, at),
			       "has a document type (DOCTYPE), which is not allowed here");
			return false;
		} else {
			at = skip_tag(at, end, &attributes);
		}
		if (attributes > XML_ATTRIBUTES_MOST) {
			refuse(r, line_at(text, start), "an element has too many attributes");
			return false;
		}
	}
	return true;
}

static void parse(struct reading *r, const char *text, size_t length)
{
	xmlSAXHandler handler = {
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_text,
		.ignorableWhitespace = on_text,
		.cdataBlock = on_text,
		.internalSubset = on_document_type,
		.externalSubset = on_document_type,
		.getEntity = on_entity,
		.serror = on_error,
	};

	xmlInitParser();
	r->parser = xmlCreatePushParserCtxt(&handler, r, NULL, 0, NULL);
	if (!r->parser) {
		refuse(r, 0, "cannot be read: out of memory");
		return;
	}
	xmlCtxtUseOptions(r->parser, XML_PARSE_NONET | XML_PARSE_COMPACT);
	int result = xmlParseChunk(r->parser, text, (int)length, 1);
	if (!r->faulty && (result != 0 || !r->parser->wellFormed || !r->parser->nsWellFormed))
		refuse(r, 0, "is not sound XML");
	xmlFreeParserCtxt(r->parser);
}

struct xml *xml_read(const void *bytes, size_t length, struct buf *fault)
{
	struct reading r = {.xml = mem_alloc(sizeof *r.xml), .fault = fault};
	const char *text = bytes;

	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3, length -= 3;
	if (length == 0)
		refuse(&r, 0, "is empty");
	else if (length > INT_MAX / 2)
		refuse(&r, 0, "is too long");
	else if (check_encoding(&r, text, length) && check_markup(&r, text, length))
		parse(&r, text, length);
	for (int i = 0; i < XML_DEPTH_MOST; i++)
		buf_free(&r.open[i].text);
	if (!r.faulty && r.xml->root)
		return r.xml;
	if (!r.faulty)
		buf_text_add(fault, "has no element");
	xml_free(r.xml);
	return NULL;
}

const struct xml_node *xml_root(const struct xml *xml)
{
	return xml->root;
}

void xml_free(struct xml *xml)
{
	if (!xml)
		return;
	while (xml->memory) {
		struct block *before = xml->memory->before;
		free(xml->memory);
		xml->memory = before;
	}
	free(xml);
}

static const struct xml_node *named(const struct xml_node *node, const char *name, size_t length)
{
	while (node && (strncmp(node->name, name, length) != 0 || node->name[length]))
		node = node->next;
	return node;
}

const struct xml_node *xml_at(const struct xml_node *node, const char *path)
{
	while (node && *path) {
		size_t length = strcspn(path, "/");
		node = named(node->first, path, length);
		path += length + (path[length] == '/');
	}
	return node;
}

const struct xml_node *xml_next(const struct xml_node *node)
{
	return named(node->next, node->name, strlen(node->name));
}

const char *xml_text(const struct xml_node *node, const char *path)
{
	const struct xml_node *found = node ? xml_at(node, path) : NULL;

	return found ? found->text : "";
}

const char *xml_attribute(const struct xml_node *node, const char *name)
{
	for (const struct xml_attribute *a = node->attributes; a; a = a->next)
		if (strcmp(a->name, name) == 0)
			return a->value;
	return "";
}
