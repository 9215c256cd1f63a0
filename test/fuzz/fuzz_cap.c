/*
 * Alerts of the Common Alerting Protocol.
 *
 * Seeds: test/data/cap
 */

#include "test/fuzz/hazard.h"
#include "test/fuzz/target.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return fuzz_areas();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	return fuzz_telegram(FORMAT_CAP, bytes, length);
}
