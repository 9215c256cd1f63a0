#pragma once

/*
 * A file of the repository as a NUL-terminated text within the program. The Makefile must know that the
 * object depends on it.
 *
 *	EMBED(push_script, "dispatcher/reply/answers/push.js");
 */

#define EMBED(symbol, path)                                                              \
	__asm__(".section .rodata\n" #symbol ":\n.incbin \"" path "\"\n.byte 0\n.previous\n"); \
	extern const char symbol[]
