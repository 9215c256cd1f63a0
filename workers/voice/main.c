#include "workers/voice/voice.h"

int main(int argc, char **argv)
{
	return worker_main(argc, argv, &voice_channel);
}
