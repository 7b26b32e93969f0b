# chat: a terminal chat, chatd(8) and chat(1).
#
#	make		build/chatd and build/chat
#	make run	what is missing is installed, chatd started, chat opened
#	make test	every test
#	make lint san tsan fuzz bench	see each below
#	make install	to DESTDIR and PREFIX
#
# BUILD=dir builds elsewhere, SAN=address,undefined or SAN=thread with
# sanitizers; CFLAGS and LDFLAGS are added to, never replaced.

PREFIX = /usr/local
MANDIR = $(PREFIX)/share/man
VERSION = 1.0
SAN =
BUILD = build$(if $(SAN),/$(subst $(comma),-,$(SAN)))
CC = gcc
WERROR = $(if $(CI),-Werror)
comma = ,

PKGS = ncursesw libutf8proc jansson libconfig libsodium
CPPFLAGS_ALL = -D_GNU_SOURCE -DCHAT_VERSION='"$(VERSION)"' -Ishared \
	$(if $(SAN),,-D_FORTIFY_SOURCE=3) \
	$(shell pkg-config --cflags $(PKGS) 2>/dev/null) $(CPPFLAGS)
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wmissing-prototypes \
	-Wstrict-prototypes -Wcast-qual -Wpointer-arith -Wwrite-strings \
	-Wformat=2 -Wvla -Wimplicit-fallthrough -Wundef -Wnull-dereference \
	-Werror=format-security -Werror=implicit \
	-Werror=incompatible-pointer-types -Werror=int-conversion
HARDEN = -fstack-protector-strong -fstack-clash-protection \
	-fcf-protection=full -fPIE -fno-strict-overflow \
	-fno-delete-null-pointer-checks -ftrivial-auto-var-init=zero
CFLAGS = -O2 -g
CFLAGS_ALL = -std=c11 -pthread $(WARNINGS) $(WERROR) \
	$(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer,$(HARDEN)) $(CFLAGS)
LDFLAGS_ALL = -pthread $(if $(SAN),-fsanitize=$(SAN),-pie \
	-Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now$(comma)-z$(comma)noexecstack) \
	-Wl,--as-needed $(LDFLAGS)

lib = $(shell pkg-config --libs $(1) 2>/dev/null)
SHARED_LIBS = $(call lib,libutf8proc)
CHATD_LIBS = $(call lib,libconfig libsodium)
CHAT_LIBS = $(call lib,ncursesw jansson)
TEST_LIBS = $(call lib,criterion vterm) -lutil

objects = $(patsubst %.c,$(BUILD)/%.o,$(1))
SHARED = $(call objects,$(wildcard shared/*.c))
CHATD = $(call objects,$(filter-out chatd/main.c,$(wildcard chatd/*.c)))
CHAT = $(call objects,$(filter-out chat/main.c,$(wildcard chat/*.c)))
UNIT = $(call objects,$(wildcard tests/test_*.c))
E2E = $(call objects,$(wildcard tests/e2e_*.c))
PROGRAMS = $(BUILD)/chatd $(BUILD)/chat

all: $(PROGRAMS)

$(BUILD)/chatd: $(BUILD)/chatd/main.o $(CHATD) $(SHARED)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(CHATD_LIBS) $(SHARED_LIBS)
$(BUILD)/chat: $(BUILD)/chat/main.o $(CHAT) $(SHARED)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(CHAT_LIBS) $(SHARED_LIBS)
$(BUILD)/unit: $(UNIT) $(CHATD) $(CHAT) $(SHARED)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(TEST_LIBS) $(CHATD_LIBS) $(CHAT_LIBS) $(SHARED_LIBS)
$(BUILD)/e2e: $(E2E) $(SHARED)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(TEST_LIBS) $(SHARED_LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<
-include $(wildcard $(BUILD)/*/*.d)

clean:
	rm -rf build

.PHONY: all clean
