/*
 * JMA disaster XML, and XML as such.
 *
 * Seeds: test/data/jma/official test/data/jma/real
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
	return fuzz_telegram(FORMAT_JMA, bytes, length);
}
