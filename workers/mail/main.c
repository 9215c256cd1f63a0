#include "workers/mail/mail.h"

int main(int argc, char **argv)
{
	return worker_main(argc, argv, &mail_channel);
}
