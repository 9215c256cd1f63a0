#pragma once

/* The schema's steps: migrations/NNN_name.sql, in order, built into the program. */

int migrations_count(void);
const char *migrations_sql(int version); /* 1.. */
