#include "workers/push/push.h"

int main(int argc, char **argv)
{
	return worker_main(argc, argv, &push_channel);
}
