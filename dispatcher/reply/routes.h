#pragma once

/* What each path does. */

#include <event2/http.h>

/* evhttp's callback for every request; `arg` is the server. */
void routes_serve(struct evhttp_request *request, void *arg);
