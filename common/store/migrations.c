#include "common/store/migrations.h"

#include <assert.h>

/* The file's text as a NUL-terminated string. */
#define EMBED(symbol, file)                                                                        \
	__asm__(".section .rodata\n" #symbol ":\n.incbin \"common/store/migrations/" file "\"\n"    \
		".byte 0\n.previous\n");                                                            \
	extern const char symbol[]

EMBED(migration_1, "001_first.sql");
EMBED(migration_2, "002_device.sql");
EMBED(migration_3, "003_voice.sql");
EMBED(migration_4, "004_targets.sql");
EMBED(migration_5, "005_hazard.sql");
EMBED(migration_6, "006_family.sql");

static const char *const migrations[] = {migration_1, migration_2, migration_3, migration_4,
					 migration_5, migration_6};

int migrations_count(void)
{
	return (int)(sizeof migrations / sizeof migrations[0]);
}

const char *migrations_sql(int version)
{
	assert(version >= 1 && version <= migrations_count());
	return migrations[version - 1];
}
