#include "dispatcher/reply/server.h"

#include "common/auth/hook_token.h"
#include "common/base/log.h"
#include "common/base/must.h"
#include "common/base/ready.h"
#include "common/base/vocabulary.h"
#include "common/conf/confine.h"
#include "common/conf/logging.h"
#include "dispatcher/reply/answers/asked.h"
#include "dispatcher/reply/answers/batch.h"
#include "dispatcher/reply/http/gate.h"
#include "dispatcher/reply/http/guesses.h"
#include "dispatcher/reply/http/listen.h"
#include "dispatcher/reply/figures/live.h"
#include "dispatcher/reply/http/respond.h"
#include "dispatcher/reply/routes.h"
#include "dispatcher/reply/http/seen.h"
#include "dispatcher/reply/http/tls.h"

#include <errno.h>
#include <event2/http.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	OTHER_FILES = 64, /* open files beside the connections */
	PATIENCE_MS = 50, /* the loop stands still while it waits for the store */
	STORE_KIB = 4096, /* pages of the store that are kept, by each connection */
};

/* Everything that lives as long as the loop. */
struct running {
	struct server server;
	struct store *recording; /* until the batch has it */
	struct evhttp *http;
	struct evhttp_bound_socket *socket;
	struct event *signals[3];
	struct event *grace;
};

static int refuse_to_start(const char *why, int code)
{
	log_error("reply.start", "error=%s", log_quote(why));
	return code;
}

static struct token_keys *load_keys(const struct settings *settings, struct buf *fault)
{
	char *path = settings_path(settings, "secret.key");
	struct token_keys *keys = token_keys_load(path, fault);

	free(path);
	return keys;
}

/* False: the certificate that we have stays in use. */
static bool load_tls(struct server *server, struct buf *fault)
{
	SSL_CTX *tls = NULL;

	if (tls_wanted(server->settings) && !(tls = tls_open(server->settings, fault)))
		return false;
	gates_set_tls(server->gates, tls);
	return true;
}

static void take_accounts(struct server *server)
{
	struct accounts accounts;
	struct buf fault = {0};

	if (accounts_read(server->settings->voice_accounts, &accounts, &fault)) {
		accounts_free(&server->accounts);
		server->accounts = accounts;
	} else {
		/* Mail and pages go on; calls are refused, which the figures show. */
		log_error("reply.accounts", "error=%s", log_quote(buf_text(&fault)));
	}
	buf_free(&fault);
}

/* Without the key everything but notifications works. */
static void load_vapid(struct server *server)
{
	char *path = vapid_file(server->settings);
	struct buf fault = {0};
	struct vapid *vapid = vapid_load(path, &fault);

	if (!vapid && channels_by_names(server->settings->broadcast_channels) & 1u << CHANNEL_PUSH)
		log_warning("reply.no_push", "reason=%s", log_quote(buf_text(&fault)));
	vapid_free(server->vapid);
	server->vapid = vapid;
	buf_free(&fault);
	free(path);
}

/* Without the token everything but hooks works. */
static void load_hook_token(struct server *server)
{
	char *path = hook_token_file(server->settings);
	struct buf fault = {0};
	char *token = hook_token_load(path, &fault);

	if (!token)
		log_warning("reply.no_hooks", "reason=%s", log_quote(buf_text(&fault)));
	hook_token_free(server->hook_token);
	server->hook_token = token;
	buf_free(&fault);
	free(path);
}

/* What is read again while it runs; what is written is open, or in the folder run. */
static void allow_files(const struct server *server, struct guard *guard)
{
	const struct settings *settings = server->settings;
	char *vapid = vapid_file(settings);

	confine_to_store(guard, settings);
	guard_connect_nowhere(guard);
	guard_allow_folder_of(guard, vapid, GUARD_READ);
	if (tls_wanted(settings)) {
		guard_allow_folder_of(guard, settings->reply_tls_certificate, GUARD_READ);
		guard_allow_folder_of(guard, settings->reply_tls_key, GUARD_READ);
	}
	free(vapid);
}

/* while it runs */

static void look_for_hidden_files(const struct server *server)
{
	struct guard guard = {0};

	allow_files(server, &guard);
	const char *hidden = server->settings->tenko_confine ? guard_hides(&guard) : NULL;
	if (hidden)
		log_error("reply.start_anew", "file=%s why=%s", log_quote(hidden),
			  log_quote("it was not to be read when the endpoint gave up its rights; "
				    "end it, and it is started anew"));
	guard_clear(&guard);
}

static void on_reload(evutil_socket_t number, short what, void *arg)
{
	struct running *running = arg;
	struct server *server = &running->server;
	struct buf fault = {0};

	(void)number;
	(void)what;
	if (settings_refresh(server->settings)) {
		logging_reload(server->settings);
		look_for_hidden_files(server);
		take_accounts(server);
		asked_cache_clear(server->asked); /* the organisation stands in the pages */
		batch_reload(server->batch);
	}
	struct token_keys *keys = load_keys(server->settings, &fault);
	if (keys) {
		token_keys_free(server->keys);
		server->keys = keys;
	} else {
		log_error("reply.keys", "error=%s kept=yes", log_quote(buf_text(&fault)));
	}
	buf_clear(&fault);
	if (!load_tls(server, &fault))
		log_error("reply.tls", "error=%s kept=yes", log_quote(buf_text(&fault)));
	buf_free(&fault);
	load_vapid(server);
	load_hook_token(server);
}

static void leave(void *arg)
{
	const struct running *running = arg;
	event_base_loopexit(running->server.base, NULL);
}

static void on_grace_over(evutil_socket_t fd, short what, void *arg)
{
	const struct running *running = arg;

	(void)fd;
	(void)what;
	log_warning("reply.stopping", "cut_off=%d", gates_count(running->server.gates));
	event_base_loopbreak(running->server.base);
}

static void on_end(evutil_socket_t number, short what, void *arg)
{
	struct running *running = arg;
	const struct server *server = &running->server;
	int64_t grace = server->settings->tenko_shutdown_grace;
	struct timeval wait = {.tv_sec = grace / 1000, .tv_usec = grace % 1000 * 1000};

	(void)what;
	if (!running->socket)
		return; /* told already */
	log_info("reply.stopping", "signal=%d connections=%d", (int)number,
		 gates_count(server->gates));
	evhttp_del_accept_socket(running->http, running->socket);
	running->socket = NULL;
	listen_withdraw(server->settings);
	evtimer_add(running->grace, &wait);
	live_end(server->live);
	gates_drain(server->gates, leave, running);
}

/* the beginning and the end */

static void on_libevent_log(int severity, const char *message)
{
	if (severity >= EVENT_LOG_WARN)
		log_warning("reply.libevent", "message=%s", log_quote(message));
}

/* How many connections the system lets us have; fewer than wanted are said so. */
static int connections_allowed(const struct settings *settings)
{
	rlim_t wanted = (rlim_t)settings->reply_connections + OTHER_FILES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return (int)settings->reply_connections;
	if (limit.rlim_cur < wanted) {
		limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			getrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur >= wanted)
		return (int)settings->reply_connections;
	int allowed =
		limit.rlim_cur > 2 * OTHER_FILES ? (int)limit.rlim_cur - OTHER_FILES : OTHER_FILES;
	log_warning("reply.connections", "wanted=%lld allowed=%d why=\"limit of open files\"",
		    (long long)settings->reply_connections, allowed);
	return allowed;
}

/* One connection for the loop, which reads, and one for what is recorded. */
static int open_store(struct running *running)
{
	struct server *server = &running->server;
	struct store **stores[] = {&server->store, &running->recording};
	struct buf fault = {0};

	for (size_t i = 0; i < LENGTH(stores); i++) {
		enum store_status status =
			store_open(server->settings->tenko_data_dir, false, stores[i]);
		if (status)
			return refuse_to_start(store_error(*stores[i]), store_exit_code(status));
		store_set_patience(*stores[i], PATIENCE_MS);
		store_set_memory(*stores[i], STORE_KIB);
	}
	take_accounts(server);
	server->keys = load_keys(server->settings, &fault);
	int code = server->keys ? EX_OK : refuse_to_start(buf_text(&fault), EX_CONFIG);
	load_vapid(server);
	load_hook_token(server);
	buf_free(&fault);
	return code;
}

static void open_loop(struct running *running)
{
	static const struct {
		int number;
		event_callback_fn on;
	} signals[] = {{SIGTERM, on_end}, {SIGINT, on_end}, {SIGHUP, on_reload}};
	struct server *server = &running->server;

	event_set_log_callback(on_libevent_log);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow fails the write, which is told */
	respond_open();
	server->base = event_base_new();
	running->http = server->base ? evhttp_new(server->base) : NULL;
	if (!running->http)
		abort(); /* out of memory */
	for (size_t i = 0; i < LENGTH(signals); i++) {
		running->signals[i] =
			evsignal_new(server->base, signals[i].number, signals[i].on, running);
		evsignal_add(running->signals[i], NULL);
	}
	running->grace = evtimer_new(server->base, on_grace_over, running);
	server->batch = batch_new(server, running->recording);
	running->recording = NULL;
	server->asked = asked_cache_new();
	server->guesses = guesses_new();
	server->pins = seen_new();
	server->live = live_new(server);
	server->gates =
		gates_new(server->base, running->http, connections_allowed(server->settings),
			  server->settings, &server->traffic);
	evhttp_set_allowed_methods(running->http,
				   EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST);
	evhttp_set_gencb(running->http, routes_serve, server);
}

static int open_tls(struct server *server)
{
	struct buf fault = {0};
	int code = load_tls(server, &fault) ? EX_OK : refuse_to_start(buf_text(&fault), EX_CONFIG);

	buf_free(&fault);
	return code;
}

static int open_socket(struct running *running)
{
	const struct settings *settings = running->server.settings;
	struct buf fault = {0};
	int code = EX_OK, fd = listen_open(settings, &fault);

	if (fd < 0) {
		code = refuse_to_start(buf_text(&fault), EX_UNAVAILABLE);
	} else if (!listen_publish(settings, fd, &fault)) {
		code = refuse_to_start(buf_text(&fault), EX_CANTCREAT);
		close(fd);
	} else {
		running->socket = evhttp_accept_socket_with_handle(running->http, fd);
		gates_listen(running->server.gates, running->socket);
	}
	buf_free(&fault);
	return code;
}

static void give_up_rights(const struct server *server)
{
	struct guard guard = {0};

	allow_files(server, &guard);
	confine_enter(&guard, server->settings);
	if (server->settings->tenko_confine)
		store_keep_files(server->store);
}

static void free_running(struct running *running)
{
	struct server *server = &running->server;

	batch_free(server->batch);
	asked_cache_free(server->asked);
	if (running->http)
		evhttp_free(running->http);
	live_free(server->live); /* its watchers went with their connections */
	gates_free(server->gates);
	guesses_free(server->guesses);
	seen_free(server->pins);
	for (size_t i = 0; i < LENGTH(running->signals); i++)
		if (running->signals[i])
			event_free(running->signals[i]);
	if (running->grace)
		event_free(running->grace);
	if (server->base)
		event_base_free(server->base);
	libevent_global_shutdown();
	token_keys_free(server->keys);
	accounts_free(&server->accounts);
	vapid_free(server->vapid);
	hook_token_free(server->hook_token);
	store_close(running->recording);
	store_close(server->store);
	settings_free(server->settings);
}

int server_run(struct settings *settings)
{
	struct running running = {.server.settings = settings};
	int code = open_store(&running);

	if (!code) {
		open_loop(&running);
		code = open_tls(&running.server);
	}
	if (!code)
		code = open_socket(&running);
	if (!code) {
		give_up_rights(&running.server);
		/* Only now: a thread has the rights of the one that starts it. */
		if (!batch_start(running.server.batch))
			code = refuse_to_start(strerror(errno), EX_OSERR);
	}
	if (!code) {
		log_info("reply.ready", "listen=%s tls=%s", log_quote(settings->reply_listen),
			 tls_wanted(settings) ? "yes" : "no");
		ready_tell();
		event_base_dispatch(running.server.base);
		log_info("reply.stopped", "recorded=%lld",
			 (long long)running.server.traffic.recorded);
	}
	free_running(&running);
	return code;
}
