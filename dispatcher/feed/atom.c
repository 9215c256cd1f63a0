#include "dispatcher/feed/atom.h"

#include "common/base/mem.h"
#include "common/text/moment.h"
#include "common/text/xml_reader.h"

#include <stdlib.h>
#include <string.h>

static const char atom_space[] = "http://www.w3.org/2005/Atom";

static bool is_address(const char *text)
{
	return *text && strlen(text) <= ATOM_URL_MOST && strstr(text, "://") && !strchr(text, ' ');
}

/* The link to the telegram itself; where there is none, JMA's id is its address as well. */
static const char *address_of(const struct xml_node *entry)
{
	for (const struct xml_node *link = xml_at(entry, "link"); link; link = xml_next(link)) {
		const char *relation = xml_attribute(link, "rel");
		if (!*relation || strcmp(relation, "alternate") == 0)
			return xml_attribute(link, "href");
	}
	return xml_text(entry, "id");
}

static bool take_entry(const struct xml_node *entry, struct atom *atom, struct buf *fault)
{
	const char *url = address_of(entry);
	int64_t updated;

	if (atom->count == ATOM_ENTRIES_MOST) {
		buf_format(fault, "line %d: more than %d entries", entry->line, ATOM_ENTRIES_MOST);
		return false;
	}
	if (!is_address(url)) {
		buf_format(fault, "line %d: the entry has no address", entry->line);
		return false;
	}
	if (!moment_read(xml_text(entry, "updated"), MOMENT_ZONE_NEEDED, &updated))
		updated = 0;
	atom->entries = mem_resize(atom->entries, atom->count + 1, sizeof *atom->entries);
	atom->entries[atom->count++] =
		(struct atom_entry){.url = mem_string(url), .updated = updated};
	return true;
}

bool atom_read(const void *bytes, size_t length, struct atom *atom, struct buf *fault)
{
	struct xml *xml = xml_read(bytes, length, fault);
	bool sound = xml != NULL;

	*atom = (struct atom){0};
	if (!xml)
		return false;
	const struct xml_node *root = xml_root(xml);
	if (strcmp(root->name, "feed") != 0 || strcmp(root->space, atom_space) != 0) {
		buf_format(fault, "line %d: <%.40s> is no Atom feed", root->line, root->name);
		sound = false;
	}
	for (const struct xml_node *e = xml_at(root, "entry"); sound && e; e = xml_next(e))
		sound = take_entry(e, atom, fault);
	xml_free(xml);
	if (!sound)
		atom_free(atom);
	return sound;
}

void atom_free(struct atom *atom)
{
	for (size_t i = 0; i < atom->count; i++)
		free(atom->entries[i].url);
	free(atom->entries);
	*atom = (struct atom){0};
}
