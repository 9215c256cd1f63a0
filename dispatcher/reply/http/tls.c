#include "dispatcher/reply/http/tls.h"

#include "common/base/log.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool tls_wanted(const struct settings *settings)
{
	return *settings->reply_tls_certificate;
}

/* opening */

/* A key that asks for a password could not be read again at night. */
static int no_password(char *text, int size, int writing, void *arg)
{
	(void)text;
	(void)size;
	(void)writing;
	(void)arg;
	return 0;
}

/* Of what a client offers we speak one; where it offers others only, it is told nothing. */
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *length,
			   const unsigned char *offered, unsigned offered_length, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *found;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&found, length, ours, sizeof ours - 1, offered, offered_length) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*chosen = found;
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *new_context(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (!context)
		return NULL;
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS); /* of connections that are idle */
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_default_passwd_cb(context, no_password);
	SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
	if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) &&
	    SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20"))
		return context;
	SSL_CTX_free(context);
	return NULL;
}

/* The reason by the system, or that of what is in it. */
static void cannot_use(const char *key, const char *file, const char *wanted, struct buf *fault)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		buf_format(fault, "reply.%s: %s: cannot be read: %s", key, file, strerror(errno));
	else
		buf_format(fault, "reply.%s: %s: holds no %s", key, file, wanted);
	if (fd >= 0)
		close(fd);
}

static void look_at_key_mode(const char *file)
{
	struct stat about;

	if (stat(file, &about) == 0 && about.st_mode & 07)
		log_warning("reply.tls", "file=%s hint=%s", log_quote(file),
			    log_quote("everybody on this machine may read the key: chmod 600"));
}

static void look_at_dates(const SSL_CTX *context, const char *file)
{
	const X509 *certificate = SSL_CTX_get0_certificate(context);

	if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
		log_warning("reply.tls", "file=%s hint=%s", log_quote(file),
			    log_quote("the certificate has expired: browsers refuse it"));
}

SSL_CTX *tls_open(const struct settings *settings, struct buf *fault)
{
	const char *certificate = settings->reply_tls_certificate;
	const char *key = settings->reply_tls_key;
	SSL_CTX *context = new_context();
	bool made = false;

	if (!context) {
		buf_text_add(fault, "TLS cannot be set up");
	} else if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1) {
		cannot_use("tls_certificate", certificate, "certificate in PEM form", fault);
	} else if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
		if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH)
			buf_format(fault, "reply.tls_key: %s: is not the key of %s", key,
				   certificate);
		else
			cannot_use("tls_key", key, "private key in PEM form, without a password",
				   fault);
	} else {
		look_at_key_mode(key);
		look_at_dates(context, certificate);
		made = true;
	}
	ERR_clear_error();
	if (made)
		return context;
	SSL_CTX_free(context);
	return NULL;
}

/* connections */

struct bufferevent *tls_stream(struct event_base *base, SSL_CTX *context)
{
	SSL *ssl = SSL_new(context);
	struct bufferevent *stream =
		ssl ? bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
						     BEV_OPT_CLOSE_ON_FREE)
		    : NULL;

	if (!stream)
		SSL_free(ssl);
	else /* a phone that just goes away is none of our faults */
		bufferevent_openssl_set_allow_dirty_shutdown(stream, 1);
	return stream;
}

void tls_end(struct bufferevent *stream)
{
	SSL *ssl = bufferevent_openssl_get_ssl(stream);

	if (ssl && SSL_is_init_finished(ssl))
		SSL_shutdown(ssl);
	ERR_clear_error(); /* what is left in there would be taken for another connection's */
}
