# chat: a terminal chat, chatd(8) and chat(1).
#
#	make		build/chatd, build/chat and build/chatctl
#	make run	start chatd, open chat; without a terminal: play a talk
#	make test	every test
#	make lint	layers, headers, manuals, format, clang-tidy, cppcheck
#	make san	the tests under sanitizers of addresses and behaviour
#	make tsan	both programs with the thread sanitizer
#	make fuzz	each fuzzer for FUZZ_SECONDS
#	make model	the model of the protocol, checked by spin
#	make soak	kills, cuts and power cuts by the thousand; with
#			SOAK=0.1 a tenth of them, PARTS="kills cuts" these only
#	make bench	figures
#	make manual	the tables of chat-protocol(7), from the rows
#	make install	to DESTDIR and PREFIX; make uninstall
#	make deps	everything the goals above need, from Debian's packages;
#			each goal installs what it lacks by itself
#
# BUILD=dir builds elsewhere, SAN=address,undefined or SAN=thread with
# sanitizers; V=1 shows each command; CFLAGS and LDFLAGS are added to, never
# replaced.

PREFIX = /usr/local
MANDIR = $(PREFIX)/share/man
VERSION = 1.0
FUZZ_SECONDS = 30
SOAK = 1
PARTS =
GOALS = $(or $(MAKECMDGOALS),all)
comma = ,
SAN = $(if $(filter tsan,$(GOALS)),thread,$(if $(filter \
	san,$(GOALS)),address$(comma)undefined))
BUILD = build$(if $(SAN),/$(subst $(comma),-,$(SAN)))
CC = gcc
# Sanitizers confuse gcc's warnings.
WERROR = $(if $(CI),$(if $(SAN),,-Werror))
Q = $(if $(V),,@)
export BUILD CC FUZZ_SECONDS

PKGS = ncursesw libutf8proc jansson libconfig libsodium sqlite3 libcrypto
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
CPPFLAGS_ALL = -D_GNU_SOURCE -DCHAT_VERSION='"$(VERSION)"' -Ishared \
	$(PKG_CFLAGS) $(CPPFLAGS)
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wmissing-prototypes \
	-Wstrict-prototypes -Wcast-qual -Wpointer-arith -Wwrite-strings \
	-Wformat=2 -Wvla -Wimplicit-fallthrough -Wundef -Wnull-dereference \
	-Werror=format-security -Werror=implicit \
	-Werror=incompatible-pointer-types -Werror=int-conversion
HARDEN = -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection \
	-fcf-protection=full -fPIE -fno-strict-overflow \
	-fno-delete-null-pointer-checks \
	$(if $(findstring clang,$(CC)),,-ftrivial-auto-var-init=zero)
CFLAGS = -O2 -g
CFLAGS_ALL = -std=c11 -pthread $(WARNINGS) $(WERROR) \
	$(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer,$(HARDEN)) $(CFLAGS)
LDFLAGS_ALL = -pthread $(if $(SAN),-fsanitize=$(SAN),-pie \
	-Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now \
	-Wl$(comma)-z$(comma)noexecstack) \
	-Wl,--as-needed $(LDFLAGS)

lib = $(shell pkg-config --libs $(1) 2>/dev/null)
SHARED_LIBS = $(call lib,libutf8proc libcrypto)
CHATD_LIBS = $(call lib,libconfig libsodium sqlite3)
CHAT_LIBS = $(call lib,ncursesw jansson)
TEST_LIBS = $(call lib,criterion vterm) -lutil

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
SHARED = $(call objects,$(wildcard shared/*.c))
CHATD = $(call objects,$(filter-out chatd/main.c chatd/chatctl.c,$(wildcard \
	chatd/*.c)))
CHAT = $(call objects,$(filter-out chat/main.c,$(wildcard chat/*.c)))
UNIT = $(call objects,$(wildcard tests/test_*.c))
E2E = $(call objects,$(wildcard tests/e2e_*.c))
HELP = $(call objects,$(filter-out tests/test_% tests/e2e_%,$(wildcard \
	tests/*.c)))
PROGRAMS = $(BUILD)/chatd $(BUILD)/chat $(BUILD)/chatctl
TOOLS = $(patsubst tests/tools/%.c,$(BUILD)/tools/%,$(wildcard tests/tools/*.c))

all: $(PROGRAMS)

link = $(Q)mkdir -p $(@D); echo "ld $@"; $(CC) $(LDFLAGS_ALL) -o $@ $^
$(BUILD)/chatd: $(BUILD)/obj/chatd/main.o $(CHATD) $(SHARED)
	$(link) $(CHATD_LIBS) $(SHARED_LIBS)
$(BUILD)/chat: $(BUILD)/obj/chat/main.o $(CHAT) $(SHARED)
	$(link) $(CHAT_LIBS) $(SHARED_LIBS)
$(BUILD)/chatctl: $(call objects,chatd/chatctl.c chatd/directory.c) $(SHARED)
	$(link) $(SHARED_LIBS)
$(BUILD)/unit: $(UNIT) $(HELP) $(CHATD) $(CHAT) $(SHARED)
	$(link) $(TEST_LIBS) $(CHATD_LIBS) $(CHAT_LIBS) $(SHARED_LIBS)
$(BUILD)/e2e: $(E2E) $(BUILD)/all.a
	$(link) $(TEST_LIBS) $(CHATD_LIBS) $(CHAT_LIBS) $(SHARED_LIBS)
$(BUILD)/tools/%: $(BUILD)/obj/tests/tools/%.o $(SHARED)
	$(link) $(SHARED_LIBS)
$(BUILD)/bench/load: $(call objects,$(addprefix tests/bench/,crowd.c tongue.c))
$(BUILD)/bench/disk_load: $(call objects,$(addprefix \
	tests/bench/,crowd.c tongue.c))
$(BUILD)/bench/client_bench: $(call objects,$(addprefix tests/bench/,fake.c \
	term.c))
$(BUILD)/bench/store_bench: $(CHATD)
$(BUILD)/bench/store_bench: SHARED_LIBS += $(CHATD_LIBS) -lm
$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(SHARED)
	$(link) $(SHARED_LIBS) $(call lib,vterm) -lutil

# Tests of whole programs take from the modules what they happen to need.
$(BUILD)/all.a: $(HELP) $(CHATD) $(CHAT) $(SHARED)
	$(Q)rm -f $@ && ar rcs $@ $^

compile = $(Q)mkdir -p $(@D); echo "cc $<"; $(CC) $(CPPFLAGS_ALL) \
	$(CFLAGS_ALL) -MMD -MP -c -o $@ $<
$(BUILD)/obj/%.o: %.c
	$(compile)
$(BUILD)/%.o: %.c
	$(compile)
-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d $(BUILD)/*/*/*/*.d)

# What makes a program fail at one of its calls; and daemons with a mistake on
# purpose, that a patch brings into some of their files.
FAULTS = $(BUILD)/faults/call.so $(patsubst \
	tests/faults/%.patch,$(BUILD)/faults/%/chatd,$(wildcard \
	tests/faults/*.patch))
$(BUILD)/faults/%.so: tests/faults/%.c
	$(Q)mkdir -p $(@D); echo "cc $<"; $(CC) $(CPPFLAGS_ALL) -std=c11 \
		$(WARNINGS) -O2 -fPIC -shared -o $@ $<
$(BUILD)/faults/%/chatd: export COMPILE = $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL)
$(BUILD)/faults/%/chatd: export LINK = $(CC) $(LDFLAGS_ALL)
$(BUILD)/faults/%/chatd: export LIBS = $(CHATD_LIBS) $(SHARED_LIBS)
$(BUILD)/faults/%/chatd: tests/faults/%.patch tests/faults/plant.sh \
		$(BUILD)/obj/chatd/main.o $(CHATD) $(SHARED)
	$(Q)echo "plant $<"; tests/faults/plant.sh $< $(@D) $(filter %.o,$^)

run: $(PROGRAMS)
	@chat/run.sh

test: $(PROGRAMS) $(BUILD)/unit $(BUILD)/e2e $(TOOLS) $(FAULTS)
	$(BUILD)/unit -j2
	$(BUILD)/e2e -j2
	tests/lint/manual.sh

# A leak is told when the test's process has already passed: what counts is
# that no report was written.
san: $(PROGRAMS) $(BUILD)/unit $(BUILD)/e2e $(FAULTS)
	tests/san.sh $(BUILD)/unit $(BUILD)/e2e

tsan: $(PROGRAMS)
	tests/tsan/run.sh

model:
	tests/model/run.sh

soak: $(PROGRAMS) $(BUILD)/unit $(BUILD)/e2e $(FAULTS)
	tests/faults/soak.sh $(SOAK) $(PARTS)

bench: $(PROGRAMS) $(addprefix $(BUILD)/bench/,relay load client_bench \
	store_bench disk_load flood files_bench) $(FAULTS)
	tests/bench/bench.sh
	tests/bench/flood.sh
	tests/bench/disk.sh
	tests/bench/files.sh
	$(BUILD)/bench/store_bench

lint: export LINT_FLAGS = $(CPPFLAGS_ALL) -std=c11 -pthread
lint: $(TOOLS)
	@tests/lint/run.sh

manual: $(TOOLS)
	tests/lint/manual.sh --write

# Fuzzers are clang's: its own objects, all in one archive, so that a fuzzer
# takes what it needs.
FUZZERS = $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard \
	tests/fuzz/fuzz_*.c))
FUZZ_FLAGS = -std=c11 -g -O1 -pthread -fsanitize=address,undefined \
	-fno-sanitize-recover=all
FUZZED = $(patsubst $(BUILD)/obj/%,$(BUILD)/fuzz/%,$(SHARED) $(CHATD) $(CHAT))

fuzz: $(FUZZERS)
	tests/fuzz/run.sh $^
$(FUZZERS): $(BUILD)/fuzz/%: $(BUILD)/fuzz/tests/fuzz/%.o $(BUILD)/fuzz/all.a
	$(Q)echo "ld $@"; clang $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ \
		$(CHATD_LIBS) $(CHAT_LIBS) $(SHARED_LIBS)
$(BUILD)/fuzz/all.a: $(FUZZED)
	$(Q)rm -f $@ && ar rcs $@ $^
$(BUILD)/fuzz/%.o: %.c
	$(Q)mkdir -p $(@D); echo "clang $<"; clang $(CPPFLAGS_ALL) \
		$(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<
-include $(wildcard $(BUILD)/fuzz/*/*.d $(BUILD)/fuzz/*/*/*.d)

install: all
	install -d $(DEST)/bin $(DEST)/share/examples/chat $(addprefix \
		$(DESTDIR)$(MANDIR)/man,1 5 7 8)
	install $(PROGRAMS) $(DEST)/bin
	install -m 644 chatd/chatd.conf chatd/answers.conf \
		chatd/chatd.service chatd/chatd.socket chatd/avahi.service \
		$(DEST)/share/examples/chat
	for page in $(PAGES); do install -m 644 $$page \
		$(DESTDIR)$(MANDIR)/man$${page##*.}; done
	install -d $(DEST)/$(BASH_DIR) $(DEST)/$(ZSH_DIR)
	$(call complete,chat,bash) $(DEST)/$(BASH_DIR)/chat
	$(call complete,chat,zsh) $(DEST)/$(ZSH_DIR)/_chat
	$(call complete,chatd,bash) $(DEST)/$(BASH_DIR)/chatd
	$(call complete,chatd,zsh) $(DEST)/$(ZSH_DIR)/_chatd
	$(call complete,chatctl,bash) $(DEST)/$(BASH_DIR)/chatctl
	$(call complete,chatctl,zsh) $(DEST)/$(ZSH_DIR)/_chatctl
uninstall:
	rm -f $(addprefix $(DEST)/$(BASH_DIR)/,$(notdir $(PROGRAMS))) \
		$(addprefix $(DEST)/$(ZSH_DIR)/_,$(notdir $(PROGRAMS)))
	rm -f $(addprefix $(DEST)/bin/,$(notdir $(PROGRAMS)))
	rm -f $(foreach page,$(PAGES),$(DESTDIR)$(MANDIR)/man$(subst \
		.,,$(suffix $(page)))/$(notdir $(page)))
	rm -rf $(DEST)/share/examples/chat
DEST = $(DESTDIR)$(PREFIX)
PAGES = $(wildcard man/*.[1-8])
BASH_DIR = share/bash-completion/completions
ZSH_DIR = share/zsh/site-functions
complete = awk -v program=$(1) -v shell=$(2) -f shared/completion.awk \
	$(if $(filter chatctl,$(1)),chatd/chatctl.def,$(1)/options.def) | \
	install -m 644 /dev/stdin

deps:
	@:

clean:
	rm -rf build

# What the goals need from Debian.  The included file is remade, and when
# something was installed make starts over and finds what it did not before.
NEEDS = $(if $(filter all run install,$(GOALS)),build) \
	$(if $(filter test san,$(GOALS)),build test) \
	$(if $(filter deps lint tsan fuzz bench manual model soak,$(GOALS)), \
	build test check)
ifneq ($(strip $(NEEDS)),)
ifeq ($(findstring n,$(firstword -$(MAKEFLAGS))),)
include $(BUILD)/deps.mk
endif
endif
$(BUILD)/deps.mk: always
	@tests/deps.sh $@ $(NEEDS)
always:

.SECONDARY:
.PHONY: all always bench clean deps fuzz install lint manual model run san \
	soak test tsan uninstall
