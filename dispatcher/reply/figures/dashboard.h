#pragma once

/*
 * The dashboard: /dashboard with its style and script, /dashboard/events (live.h), and
 * /dashboard/unanswered/BROADCAST with the names of who has not answered. Figures for those whom
 * watchers.h lets in, names for admins. A token that is posted to /dashboard is kept by the
 * browser as a cookie.
 */

#include "dispatcher/reply/http/respond.h"

void dashboard_serve(struct visit *visit, const char *rest);
void dashboard_serve_style(struct visit *visit, const char *rest);
void dashboard_serve_script(struct visit *visit, const char *rest);
void dashboard_serve_events(struct visit *visit, const char *rest);
void dashboard_serve_unanswered(struct visit *visit, const char *rest);
