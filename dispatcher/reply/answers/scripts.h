#pragma once

/* The two scripts there are: of the page's offer of notifications, and the service worker's. */

#include "dispatcher/reply/http/respond.h"

/* /push.js and /sw.js; 404 where push is not in use. */
void scripts_serve_page(struct visit *visit, const char *rest);
void scripts_serve_worker(struct visit *visit, const char *rest);
