#include "workers/mail/tls.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdint.h>

static struct tls_name *name_of(const SSL *ssl)
{
	return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

/* Called for each certificate of the chain; remembers what was wrong. */
static int see_certificate(int good, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());

	if (!good)
		name_of(ssl)->fault =
			X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
	return good;
}

/* Asks for the relay by name, as hosts with several certificates want. libesmtp does not. */
static void name_server(const SSL *ssl, int where, int value)
{
	const struct tls_name *name = name_of(ssl);

	(void)value;
	if (where == SSL_CB_HANDSHAKE_START && !name->is_address)
		SSL_set_tlsext_host_name((SSL *)(uintptr_t)ssl, name->host);
}

static bool demand_certificate(SSL_CTX *context, const struct tls_name *name)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context);

	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, see_certificate);
	if (name->is_address)
		return X509_VERIFY_PARAM_set1_ip_asc(param, name->host);
	return X509_VERIFY_PARAM_set1_host(param, name->host, 0);
}

SSL_CTX *tls_context(struct tls_name *name, bool verify, const char *ca_file, struct buf *fault)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	bool made = context != NULL;

	if (made) {
		SSL_CTX_set_app_data(context, name);
		SSL_CTX_set_info_callback(context, name_server);
		SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
		made = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) &&
		       SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION) &&
		       (!verify || demand_certificate(context, name));
	}
	if (!made) {
		buf_text_add(fault, "TLS cannot be set up");
	} else if (*ca_file && !SSL_CTX_load_verify_file(context, ca_file)) {
		buf_format(fault, "mail.tls_ca_file: %s holds no certificates that can be read",
			   ca_file);
		made = false;
	} else if (!*ca_file && !SSL_CTX_set_default_verify_paths(context)) {
		buf_text_add(fault, "the system's certificates cannot be read");
		made = false;
	}
	if (!made) {
		ERR_clear_error();
		SSL_CTX_free(context);
		context = NULL;
	}
	return context;
}
