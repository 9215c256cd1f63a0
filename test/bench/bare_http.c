/*
 * The least an HTTP endpoint can do on evhttp, to hold the reply endpoint against: takes any request
 * whole and answers 200. Listens at a free port of loopback and prints it.
 */

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static void answer(struct evhttp_request *request, void *arg)
{
	struct evbuffer *body = arg;

	evbuffer_add(body, "recorded\n", sizeof "recorded\n" - 1);
	evhttp_send_reply(request, 200, "OK", body);
}

int main(void)
{
	struct event_base *loop = event_base_new();
	struct evhttp *http = loop ? evhttp_new(loop) : NULL;
	struct evbuffer *body = evbuffer_new();
	struct evhttp_bound_socket *bound =
		http && body ? evhttp_bind_socket_with_handle(http, "127.0.0.1", 0) : NULL;
	struct sockaddr_in address;
	socklen_t length = sizeof address;

	if (!bound || getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address,
				  &length) < 0) {
		perror("bare_http");
		return EXIT_FAILURE;
	}
	evhttp_set_gencb(http, answer, body);
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	event_base_dispatch(loop);
	evbuffer_free(body);
	evhttp_free(http);
	event_base_free(loop);
	return EXIT_SUCCESS;
}
