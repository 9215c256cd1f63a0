#pragma once

/*
 * Reads XML from outside into a tree of nodes: feeds, telegrams, alerts.
 *
 * The text is hostile until it is proven harmless. It must be UTF-8 and say so or say nothing; a
 * document type, and with it every entity but the five of XML itself, is refused before any of it
 * is expanded; nothing is fetched, whatever it names; and how deep, how many and how long is
 * limited. What breaks off or does not close is refused as a whole: there is no half a tree.
 *
 *	struct xml *xml = xml_read(bytes, length, &fault);
 *	if (!xml) ... fault: "line 12: ..."
 *	const char *title = xml_text(xml_root(xml), "Control/Title");
 *	for (const struct xml_node *n = xml_at(body, "Item"); n; n = xml_next(n)) ...
 *	xml_free(xml);
 *
 * Names are the local ones: what prefix a document takes for a name space is its own matter. Who
 * must tell name spaces apart compares `space`.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stddef.h>

enum {
	XML_DEPTH_MOST = 48,
	XML_NODES_MOST = 300000,
	XML_ATTRIBUTES_MOST = 32, /* of one element, with those that declare name spaces */
	XML_NAME_MOST = 200,      /* bytes */
};

struct xml_attribute {
	const char *name, *value;
	const struct xml_attribute *next;
};

/* All texts are the document's and NUL-terminated UTF-8; never NULL. */
struct xml_node {
	const char *name;
	const char *space; /* the address of the name space; "" none */
	const char *text;  /* its own, without its children's, without blanks at both ends */
	const struct xml_attribute *attributes;
	const struct xml_node *first; /* child */
	const struct xml_node *next;  /* sibling, of whatever name */
	int line;
};

struct xml;

/* NULL: `fault` says what is wrong and where. */
MUST_USE struct xml *xml_read(const void *bytes, size_t length, struct buf *fault);
const struct xml_node *xml_root(const struct xml *xml);
void xml_free(struct xml *xml);

/* The first node by a path of names below `node` ("Head/Headline/Text"); NULL: there is none. */
const struct xml_node *xml_at(const struct xml_node *node, const char *path);
/* The next sibling of the same name. */
const struct xml_node *xml_next(const struct xml_node *node);
/* The text of that node; "" where there is none. */
const char *xml_text(const struct xml_node *node, const char *path);
/* The value of an attribute; "" where there is none. */
const char *xml_attribute(const struct xml_node *node, const char *name);
