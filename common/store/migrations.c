#include "common/store/migrations.h"

#include "common/base/embed.h"
#include "common/store/ledger.h"
#include "common/store/stmt.h"

#include <assert.h>

EMBED(migration_1, "common/store/migrations/001_first.sql");
EMBED(migration_2, "common/store/migrations/002_device.sql");
EMBED(migration_3, "common/store/migrations/003_voice.sql");
EMBED(migration_4, "common/store/migrations/004_ledger.sql");
EMBED(migration_5, "common/store/migrations/005_targets.sql");
EMBED(migration_6, "common/store/migrations/006_hazard.sql");
EMBED(migration_7, "common/store/migrations/007_family.sql");
EMBED(migration_8, "common/store/migrations/008_bounce.sql");
EMBED(migration_9, "common/store/migrations/009_drill.sql");
EMBED(migration_10, "common/store/migrations/010_total.sql");

/* The text, and what is to be done behind it that SQL cannot say. */
static const struct {
	const char *sql;
	enum store_status (*then)(struct store *store);
} migrations[] = {
	{migration_1, NULL},
	{migration_2, NULL},
	{migration_3, NULL},
	{migration_4, ledger_begin},
	{migration_5, NULL},
	{migration_6, NULL},
	{migration_7, NULL},
	{migration_8, NULL},
	{migration_9, NULL},
	{migration_10, NULL},
};

int migrations_count(void)
{
	return (int)(sizeof migrations / sizeof migrations[0]);
}

enum store_status migrations_run(struct store *store, int version)
{
	assert(version >= 1 && version <= migrations_count());
	enum store_status status = stmt_script(store, migrations[version - 1].sql);

	if (!status && migrations[version - 1].then)
		status = migrations[version - 1].then(store);
	return status;
}
