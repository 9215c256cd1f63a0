# Tenko's build. `make help` lists what there is to make.
#
# Each process is a folder: its main.c becomes build/bin/<program>, the rest an archive that
# the unit tests link too. common/ is one archive for all.

BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
UNITDIR ?= $(PREFIX)/lib/systemd/system
CC      ?= gcc
WERROR  ?= 0
SANITIZE ?= 0
FUZZ    ?= 0
CRASH   ?= 0
V       ?= 0
Q       := $(if $(filter 1,$(V)),,@)
say      = @printf '  %-4s %s\n' $(1) '$(2)'

PACKAGES := libevent_core libevent_extra hiredis libesmtp-1.0 sqlite3 gmime-3.0 \
            inih jansson libsodium libssl libcrypto libsystemd libcurl libxml-2.0 libseccomp
PACKAGES := $(shell for p in $(PACKAGES); do pkg-config --exists $$p && echo $$p; done)

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
            -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wswitch-enum -Wimplicit-fallthrough \
            -Wnull-dereference
ifeq ($(WERROR),1)
WARNINGS += -Werror
endif

CFLAGS   ?= -O2 -g
ALL_CFLAGS := -std=c11 $(CFLAGS) $(WARNINGS) -fPIE -fstack-protector-strong -fno-strict-aliasing
ALL_CPPFLAGS := -D_GNU_SOURCE -I. -I$(BUILD)/gen $(CPPFLAGS) $(shell pkg-config --cflags $(PACKAGES)) \
            -DTENKO_DATADIR='"$(PREFIX)/share/tenko"'
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now $(LDFLAGS)
# libevent_openssl.pc names -levent, a second copy of what libevent_core and libevent_extra are.
LIBS     := -levent_openssl $(shell pkg-config --libs $(PACKAGES)) -lresolv
ifeq ($(SANITIZE),1)
ALL_CFLAGS  += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ALL_LDFLAGS += -fsanitize=address,undefined
else ifeq ($(FUZZ),1)
ALL_CFLAGS  += -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ALL_LDFLAGS += -fsanitize=address,undefined
else
ALL_CPPFLAGS += -D_FORTIFY_SOURCE=3
endif

ifeq ($(CRASH),1)
ALL_CPPFLAGS += -DTENKO_CRASH_POINTS
endif

COMMON := $(wildcard common/*/*.c)
WORKER := $(wildcard workers/*.c)

# program name -> folder
PROGRAMS := tenkod:dispatcher/master tenko-scheduler:dispatcher/scheduler \
            tenko-reply:dispatcher/reply tenko:dispatcher/cli tenko-mail:workers/mail \
            tenko-push:workers/push tenko-voice:workers/voice tenko-feed:dispatcher/feed \
            tenko-bounce:dispatcher/bounce
NAMES    := $(foreach p,$(PROGRAMS),$(firstword $(subst :, ,$(p))))
folder    = $(lastword $(subst :, ,$(filter $(1):%,$(PROGRAMS))))
parts     = $(filter-out %/main.c,$(wildcard $(1)/*.c $(1)/*/*.c)) $(if $(filter workers/%,$(1)),$(WORKER))
objects   = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

LIB     := $(BUILD)/lib/libtenko.a
BINS    := $(NAMES:%=$(BUILD)/bin/%)
UNIT    := $(patsubst test/unit/%.c,$(BUILD)/test/%,$(wildcard test/unit/test_*.c))
REPLAY  := $(patsubst test/fuzz/%.c,$(BUILD)/test/%,$(wildcard test/fuzz/fuzz_*.c))
ARCHIVES := $(NAMES:%=$(BUILD)/lib/%.a)

.PHONY: all test bench unit fuzz man format lint install deb clean help
.SECONDARY:

all: $(BINS) ## build every program into build/bin

unit: $(UNIT) $(REPLAY) ## build the unit tests

test: ## run everything that must pass
	scripts/test

fuzz: ## throw made-up input at every reader, a minute each
	scripts/fuzz

bench: ## measure how fast it is (scripts/bench --help says more)
	scripts/bench

$(LIB): $(call objects,$(COMMON))
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)ar rcs $@ $^

define program_rules
$(BUILD)/lib/$(1).a: $(call objects,$(call parts,$(call folder,$(1))))
	@mkdir -p $$(@D)
	@rm -f $$@
	$(Q)ar rcs $$@ $$^
$(BUILD)/bin/$(1): $(BUILD)/obj/$(call folder,$(1))/main.o $(BUILD)/lib/$(1).a $(LIB)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $$@ $$^ $(LIBS)
endef
$(foreach n,$(NAMES),$(eval $(call program_rules,$(n))))

$(BUILD)/test/%: $(BUILD)/obj/test/unit/%.o $(ARCHIVES) $(LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(linked) $(shell pkg-config --libs check) $(LIBS)

linked = $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group

# A fuzz target with libFuzzer (FUZZ=1, clang), and with a main() that runs given files.
$(BUILD)/fuzz/fuzz_%: $(BUILD)/obj/test/fuzz/fuzz_%.o $(ARCHIVES) $(LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $(linked) $(LIBS)

$(BUILD)/test/fuzz_%: $(BUILD)/obj/test/fuzz/fuzz_%.o $(BUILD)/obj/test/fuzz/replay.o $(ARCHIVES) $(LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(linked) $(LIBS)

# twins in memory that take the place of store and belt
SIM := $(filter-out %/calm.c,$(wildcard test/sim/*.c))
$(BUILD)/test/test_simulation: $(call objects,$(SIM))

# the same for more people, where nothing goes wrong
LARGE := $(patsubst %.c,$(BUILD)/obj/large/%.o,$(SIM) test/sim/calm.c)
$(BUILD)/test/test_forecast_clock: $(LARGE)
$(LARGE) $(BUILD)/obj/test/unit/test_forecast_clock.o: ALL_CPPFLAGS += -DSIM_SCALE=20

$(BUILD)/obj/large/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/bench/%: $(BUILD)/obj/test/bench/%.o
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(LIBS)

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

man: $(BUILD)/bin/tenko ## write commands, settings and rules into the manual pages
	scripts/man --bin $(BUILD)/bin

format: ## lay out the C code by .clang-format
	clang-format -i $$(git ls-files '*.c' '*.h')

lint: ## cppcheck, clang-tidy, shellcheck, layer check
	scripts/check-layers
	scripts/lint

# What the programs read goes to share/tenko, folder by folder.
DATA := $(wildcard config/templates config/regions config/rules.d config/sample config/dashboards)
place = install -d $(DESTDIR)$(2) && install -m $(3) $(1) $(DESTDIR)$(2)

install: all ## install into $(DESTDIR)$(PREFIX)
	$(call place,$(BINS),$(PREFIX)/bin,755)
	$(call place,config/tenko.conf,$(PREFIX)/share/tenko,644)
	$(foreach d,$(DATA),$(call place,$(wildcard $(d)/*),$(PREFIX)/share/tenko/$(notdir $(d)),644) &&) true
	for page in $(wildcard config/man/*.[1-8]) $(BUILD)/man/*.[1-8]; do [ ! -e $$page ] || \
		install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man$${page##*.} $$page; done
	$(foreach f,$(wildcard config/completion/tenko.bash),install -D -m 644 $(f) \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/tenko)
	$(foreach f,$(wildcard config/completion/_tenko),install -D -m 644 $(f) \
		$(DESTDIR)$(PREFIX)/share/zsh/vendor-completions/_tenko)
	$(call place,config/sysusers.d/tenko.conf,$(PREFIX)/lib/sysusers.d,644)
	$(call place,config/tmpfiles.d/tenko.conf,$(PREFIX)/lib/tmpfiles.d,644)
	$(call place,config/systemd/*,$(UNITDIR),644)
	sed -i 's|/usr/local/bin|$(PREFIX)/bin|' $(addprefix $(DESTDIR)$(UNITDIR)/,$(notdir $(wildcard config/systemd/*)))

deb: ## make the Debian package in build/deb
	scripts/deb

clean: ## remove what was built
	rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
$(BUILD)/obj/dispatcher/reply/answers/scripts.o: $(wildcard dispatcher/reply/answers/*.js)
$(BUILD)/obj/dispatcher/reply/figures/dashboard.o: $(wildcard dispatcher/reply/figures/dashboard.*)
$(BUILD)/obj/common/store/migrations.o: $(wildcard common/store/migrations/*.sql)
