#pragma once

/*
 * The telephone: what the provider fetches and reports while a call is under way.
 *
 *	/voice/call/TOKEN     the script of a call we placed, and the key that was pressed; TOKEN names
 *	                      the attempt of the person who is asked
 *	/voice/events/TOKEN   what becomes of the call: a fact for the scheduler
 *	/voice/inbound        somebody calls in: asks for voice ID (/id) and PIN (/pin)
 *	/voice/answer/TOKEN   their answer; TOKEN is that of their reply page
 *
 * All are POSTs with the provider's signature over the configured address (voice.callback_url); one
 * without is answered 403 and counted. A key is on record before it is read back.
 */

#include "dispatcher/reply/http/respond.h"

void voice_serve_call(struct visit *visit, const char *token);
void voice_serve_events(struct visit *visit, const char *token);
void voice_serve_inbound(struct visit *visit, const char *rest);
void voice_serve_id(struct visit *visit, const char *rest);
void voice_serve_pin(struct visit *visit, const char *rest);
void voice_serve_answer(struct visit *visit, const char *token);
