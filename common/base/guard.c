#include "common/base/guard.h"

#include "common/base/log.h"
#include "common/base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The leak checker stops the process by ptrace() at its end, as a debugger would. */
#if defined(__SANITIZE_ADDRESS__)
enum { WATCHED = 1 };
#else
enum { WATCHED = 0 };
#endif

/* what is allowed */

void guard_allow(struct guard *guard, const char *path, unsigned access)
{
	guard->rule = mem_resize(guard->rule, guard->count + 1, sizeof *guard->rule);
	guard->rule[guard->count++] =
		(struct guard_rule){.path = mem_string(path), .access = access};
}

void guard_allow_folder_of(struct guard *guard, const char *file, unsigned access)
{
	char *real = realpath(file, NULL), *copy = mem_string(file);

	guard_allow(guard, dirname(copy), access);
	if (real)
		guard_allow(guard, dirname(real), access);
	free(copy);
	free(real);
}

void guard_allow_system(struct guard *guard)
{
	static const char *const read[] = {
		"/etc",
		"/usr",
		"/lib",
		"/lib64",
		"/proc",
		"/sys/devices/system/cpu",
		"/dev/urandom",
		"/dev/random",
		"/run/systemd/resolve", /* where /etc/resolv.conf may lead to */
		"/run/resolvconf",
		"/run/NetworkManager",
	};

	for (size_t i = 0; i < LENGTH(read); i++)
		guard_allow(guard, read[i], GUARD_READ);
	guard_allow(guard, "/dev/null", GUARD_READ | GUARD_WRITE);
	guard_allow_folder_of(guard, "/proc/self/exe", GUARD_READ); /* its own symbols */
#ifdef TENKO_CRASH_POINTS
	/* Where a process leaves word that it died as it was told (crash.h). */
	const char *spent = getenv("TENKO_CRASH_SPENT");
	if (spent)
		guard_allow_folder_of(guard, spent, GUARD_READ | GUARD_WRITE | GUARD_MAKE);
#endif
}

void guard_allow_connect(struct guard *guard, int port)
{
	assert(guard->ports < GUARD_PORTS);
	guard->few_ports = true;
	guard->port[guard->ports++] = port;
}

void guard_connect_nowhere(struct guard *guard)
{
	guard->few_ports = true;
}

void guard_clear(struct guard *guard)
{
	for (size_t i = 0; i < guard->count; i++)
		free(guard->rule[i].path);
	free(guard->rule);
	*guard = (struct guard){0};
}

/* landlock(7): what newer kernels know stands here, as the headers may be older */

#define FS_TRUNCATE    (UINT64_C(1) << 14)
#define NET_BIND       (UINT64_C(1) << 0)
#define NET_CONNECT    (UINT64_C(1) << 1)
#define SCOPED_SOCKETS (UINT64_C(1) << 0)
#define SCOPED_SIGNALS (UINT64_C(1) << 1)
#define FS_OF_FILES                                                   \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	 LANDLOCK_ACCESS_FS_READ_FILE | FS_TRUNCATE)

enum { ABI_REFER = 2, ABI_TRUNCATE = 3, ABI_NET = 4, ABI_SCOPES = 6, RULE_PORT = 2 };

struct ruleset {
	uint64_t fs, net, scoped;
};

static struct ruleset handled_by(int abi)
{
	struct ruleset r = {
		.fs = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
		      LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
		      LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
		      LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
		      LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
		      LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
		      LANDLOCK_ACCESS_FS_MAKE_SYM,
	};

	if (abi >= ABI_REFER)
		r.fs |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= ABI_TRUNCATE)
		r.fs |= FS_TRUNCATE;
	if (abi >= ABI_NET)
		r.net = NET_BIND;
	if (abi >= ABI_SCOPES)
		r.scoped = SCOPED_SOCKETS | SCOPED_SIGNALS;
	return r;
}

static size_t ruleset_size(int abi)
{
	return abi >= ABI_SCOPES ? sizeof(struct ruleset)
	       : abi >= ABI_NET  ? 2 * sizeof(uint64_t)
				 : sizeof(uint64_t);
}

static uint64_t rights_of(unsigned access)
{
	uint64_t rights = 0;

	if (access & GUARD_READ)
		rights |= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
	if (access & GUARD_WRITE)
		rights |= LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE;
	if (access & GUARD_MAKE)
		rights |= LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
			  LANDLOCK_ACCESS_FS_REMOVE_FILE;
	if (access & GUARD_MOVE)
		rights |= LANDLOCK_ACCESS_FS_REFER | LANDLOCK_ACCESS_FS_MAKE_SYM;
	return rights;
}

static bool add_path(int ruleset, const struct ruleset *handled, const char *path, unsigned access)
{
	struct landlock_path_beneath_attr rule = {.allowed_access =
							  rights_of(access) & handled->fs};
	struct stat about;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return true;
	if (fstat(rule.parent_fd, &about) == 0 && !S_ISDIR(about.st_mode))
		rule.allowed_access &= FS_OF_FILES;
	bool added =
		syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
	close(rule.parent_fd);
	return added;
}

static bool add_port(int ruleset, int port)
{
	struct {
		uint64_t allowed_access, port;
	} rule = {NET_CONNECT, (uint64_t)port};

	return syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &rule, 0) == 0;
}

/* The ABI that was used; 0 with errno: nothing was restricted. */
static int restrict_files(const struct guard *guard)
{
	int abi =
		(int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi <= 0)
		return 0;
	struct ruleset handled = handled_by(abi);
	if (abi >= ABI_NET && guard->few_ports)
		handled.net |= NET_CONNECT;
	int fd = (int)syscall(SYS_landlock_create_ruleset, &handled, ruleset_size(abi), 0);
	bool done = fd >= 0;

	for (size_t i = 0; done && i < guard->count; i++)
		done = add_path(fd, &handled, guard->rule[i].path, guard->rule[i].access);
	for (size_t i = 0; done && handled.net & NET_CONNECT && i < guard->ports; i++)
		done = add_port(fd, guard->port[i]);
	done = done && syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	int error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return done ? abi : 0;
}

/* seccomp(2) */

/* What none of the programs asks for, and what whoever took one over would. */
static const int denied[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(kcmp),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(move_mount),
	SCMP_SYS(open_tree),
	SCMP_SYS(fsopen),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(unshare),
	SCMP_SYS(setns),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(name_to_handle_at),
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(reboot),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	SCMP_SYS(acct),
	SCMP_SYS(quotactl),
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(adjtimex),
	SCMP_SYS(sethostname),
	SCMP_SYS(setdomainname),
	SCMP_SYS(syslog),
	SCMP_SYS(mknod),
	SCMP_SYS(mknodat),
	SCMP_SYS(chown),
	SCMP_SYS(fchownat),
	SCMP_SYS(setuid),
	SCMP_SYS(setgid),
	SCMP_SYS(setreuid),
	SCMP_SYS(setresuid),
	SCMP_SYS(setgroups),
	SCMP_SYS(capset),
};

/* 0, or the error. A call that this machine does not have is none to deny. */
static int deny(scmp_filter_ctx filter, int call)
{
	int error = call < 0 ? 0 : seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0);

	return error == -EDOM || error == -EINVAL ? 0 : error;
}

/* 0, or the error. */
static int restrict_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int error = filter ? 0 : ENOMEM;

	for (size_t i = 0; !error && i < LENGTH(denied); i++)
		error = deny(filter, denied[i]);
	if (!error && !WATCHED)
		error = deny(filter, SCMP_SYS(ptrace));
	if (!error)
		error = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return error < 0 ? -error : error;
}

/* doing it */

void guard_begin(void)
{
	static const struct rlimit none = {0};

	umask(077);
	if (setrlimit(RLIMIT_CORE, &none) < 0 || (!WATCHED && prctl(PR_SET_DUMPABLE, 0) < 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		log_warning("guard.weak", "error=%s", log_quote(strerror(errno)));
}

void guard_enter(const struct guard *guard)
{
	int abi = restrict_files(guard);

	if (!abi)
		log_warning(
			"guard.weak", "landlock=no error=%s hint=%s", log_quote(strerror(errno)),
			log_quote("this kernel does not keep files from programs; users of their "
				  "own do, see SECURITY.md"));
	int error = restrict_calls();
	if (error)
		log_warning("guard.weak", "seccomp=no error=%s", log_quote(strerror(error)));
	log_debug("guard.entered", "landlock=%d seccomp=%s", abi, error ? "no" : "yes");
}

/*
 * What is written is open already. It is not opened again either: closing any descriptor of a file
 * lets go of all locks that the process has on it (fcntl_locking(2)), and with them of the store's.
 */
const char *guard_hides(const struct guard *guard)
{
	for (size_t i = 0; i < guard->count; i++) {
		const char *path = guard->rule[i].path;
		if (guard->rule[i].access & GUARD_WRITE)
			continue;
		int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		bool refused = fd < 0 && errno == EACCES;
		if (fd >= 0)
			close(fd);
		if (refused && access(path, R_OK) == 0)
			return path;
	}
	return NULL;
}
