/*
 * P2PQuake's messages and lists of them.
 *
 * Seeds: test/data/p2pquake test/fuzz/seeds/p2pquake
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
	return fuzz_telegram(FORMAT_P2PQUAKE, bytes, length);
}
