/* What a process may still do behind the guard. Each test is a process of its own, as a guard is
 * for good. */

#include "common/base/guard.h"
#include "common/base/mem.h"
#include "test/unit/run.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static char *in(const char *name)
{
	return mem_format("%s/%s", folder, name);
}

static void put(const char *name)
{
	char *path = in(name);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	close(fd);
	free(path);
}

static void make_folder(void)
{
	strcpy(folder, "/tmp/tk-guard-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	const char *const folders[] = {"work", "other"};
	for (size_t i = 0; i < LENGTH(folders); i++) {
		char *path = in(folders[i]);
		ck_assert_int_eq(mkdir(path, 0700), 0);
		free(path);
	}
	put("work/a");
	put("other/a");
	put("other/b");
}

/* Outside of the guarded process. */
static void remove_folder(void)
{
	char *command = mem_format("rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
	free(command);
}

/* 0, or why not. */
static int try_open(const char *name, int flags)
{
	char *path = in(name);
	int fd = open(path, flags, 0600), error = fd < 0 ? errno : 0;

	if (fd >= 0)
		close(fd);
	free(path);
	return error;
}

static long landlock_abi(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static void enter(void)
{
	struct guard guard = {0};
	char *work = in("work"), *file = in("other/a");

	guard_allow_system(&guard);
	guard_allow(&guard, work, GUARD_READ | GUARD_WRITE | GUARD_MAKE);
	guard_allow(&guard, file, GUARD_READ);
	guard_allow(&guard, "/no/such/place", GUARD_READ);
	guard_allow_connect(&guard, 53);
	guard_begin();
	guard_enter(&guard);
	guard_clear(&guard);
	free(work);
	free(file);
}

static void check_files(void)
{
	enter();
	ck_assert_int_eq(try_open("work/a", O_RDWR | O_TRUNC), 0);
	ck_assert_int_eq(try_open("work/new", O_WRONLY | O_CREAT), 0);
	ck_assert_int_eq(try_open("other/a", O_RDONLY), 0);
	ck_assert_int_eq(try_open("other/a", O_WRONLY), EACCES);
	ck_assert_int_eq(try_open("other/b", O_RDONLY), EACCES);
	ck_assert_int_eq(try_open("other/new", O_WRONLY | O_CREAT), EACCES);
	ck_assert_int_eq(try_open("work/../other/b", O_RDONLY), EACCES);
	char *b = in("other/b"), *a = in("work/a"), *link = in("work/link"), *new = in("work/new");
	ck_assert_int_eq(unlink(b), -1);
	ck_assert_int_eq(symlink(b, link), -1);
	ck_assert_int_eq(rename(b, link), -1);
	ck_assert_int_eq(rename(new, link), 0);
	ck_assert_int_eq(unlink(a), 0);
	int fd = open("/etc/passwd", O_RDONLY);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(open("/etc/tenko-guard", O_WRONLY | O_CREAT, 0600), -1);
	free(a);
	free(b);
	free(link);
	free(new);
}

static void check_hidden(void)
{
	struct guard guard = {0};
	char *a = in("other/a"), *b = in("other/b"), *none = in("other/none");

	enter();
	guard_allow(&guard, a, GUARD_READ);
	guard_allow(&guard, none, GUARD_READ);
	ck_assert_ptr_null(guard_hides(&guard));
	guard_allow(&guard, b, GUARD_READ);
	ck_assert_str_eq(guard_hides(&guard), b);
	guard_clear(&guard);
	free(a);
	free(b);
	free(none);
}

static int connect_to(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error = connect(fd, (struct sockaddr *)&address, sizeof address) < 0 ? errno : 0;

	close(fd);
	return error;
}

static void check_ports(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	enter();
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&any, sizeof any), -1);
	ck_assert_int_eq(errno, EACCES);
	close(fd);
	ck_assert_int_eq(connect_to(9), EACCES);
	ck_assert_int_ne(connect_to(53), EACCES);
}

static void check_nowhere(void)
{
	struct guard guard = {0};

	guard_allow_system(&guard);
	guard_connect_nowhere(&guard);
	guard_enter(&guard);
	guard_clear(&guard);
	ck_assert_int_eq(connect_to(9), EACCES);
	ck_assert_int_eq(connect_to(53), EACCES);
}

/* Runs a check behind a guard in a process of its own; its folder is removed by ours. */
static void run(void (*check)(void), long abi)
{
	make_folder();
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (landlock_abi() >= abi)
			check();
		_exit(EXIT_SUCCESS);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	remove_folder();
	ck_assert_int_eq(status, 0);
}

START_TEST(files_outside_are_out_of_reach)
{
	run(check_files, 3);
}
END_TEST

START_TEST(a_file_that_is_hidden_is_named)
{
	run(check_hidden, 1);
}
END_TEST

START_TEST(other_ports_are_out_of_reach)
{
	run(check_ports, 4);
}
END_TEST

START_TEST(nobody_is_connected_to)
{
	run(check_nowhere, 4);
}
END_TEST

static void check_calls(void)
{
	char *const words[] = {(char[]){"true"}, NULL};
	struct rlimit core;

	enter();
	ck_assert_int_eq(execv("/bin/true", words), -1);
	ck_assert(errno == EPERM || errno == EACCES);
	ck_assert_int_eq(mount("none", "/mnt", "tmpfs", 0, NULL), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq((int)syscall(SYS_unshare, 0), -1);
	ck_assert_int_eq(setuid(getuid()), -1);
	ck_assert_int_eq(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	ck_assert_int_eq(prctl(PR_GET_SECCOMP), 2);
	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &core), 0);
	ck_assert_uint_eq(core.rlim_max, 0);
}

START_TEST(calls_that_nobody_needs_are_refused)
{
	run(check_calls, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guard");
	TCase *t = tcase_create("guard");

	tcase_add_test(t, files_outside_are_out_of_reach);
	tcase_add_test(t, a_file_that_is_hidden_is_named);
	tcase_add_test(t, other_ports_are_out_of_reach);
	tcase_add_test(t, nobody_is_connected_to);
	tcase_add_test(t, calls_that_nobody_needs_are_refused);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
