# ges: builds the C module for one Lua at a time, runs the specs on both.
#
#   make            build for $(LUA)          make install PREFIX=DIR LUA=...
#   make demo       a simulated import        make test    all specs, both ABIs
#   make lint       style and house rules     make asan | valgrind | torture
#
# LUA=lua5.4 (default) or LUA=luajit selects the ABI. Objects are kept per ABI
# in build/<abi>/, so that both can be built and installed from one tree.

LUA ?= lua5.4
CC ?= cc
PKG_CONFIG ?= pkg-config
INSTALL ?= install
PREFIX ?= /usr/local
DESTDIR ?=
CFLAGS ?= -O2 -g
LDFLAGS ?=

VERSION := $(shell sed -n 's/^\#define GES_VERSION "\(.*\)"/\1/p' src/version.h)

# Where lua.h is: given by name (OpenResty's names work too) or pkg-config.
LUA_PC ?= $(LUA)
ifdef LUA_INCLUDE_DIR
LUA_INCDIR ?= $(LUA_INCLUDE_DIR)
endif
ifdef LUA_INCDIR
LUA_CFLAGS = -I$(LUA_INCDIR)
else
LUA_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(LUA_PC) 2>/dev/null)
endif

# The ABI is read from the header, not guessed from a name.
ABI := $(shell echo ges_abi LUA_VERSION_NUM | \
  $(CC) $(LUA_CFLAGS) -include lua.h -E -P -x c - 2>/dev/null | \
  sed -n 's/^ges_abi 50\([0-9]\)/5.\1/p')

INST_LIBDIR ?= $(or $(LUA_CMODULE_DIR),$(PREFIX)/lib/lua/$(ABI))
INST_LUADIR ?= $(or $(LUA_MODULE_DIR),$(LUA_LIB_DIR),$(PREFIX)/share/lua/$(ABI))
INST_BINDIR ?= $(PREFIX)/bin

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion
GES_CFLAGS = -std=c11 $(WARN) -fPIC -fvisibility=hidden $(LUA_CFLAGS) \
  $(shell $(PKG_CONFIG) --cflags libcurl libcrypto 2>/dev/null)
GES_LIBS = $(or $(shell $(PKG_CONFIG) --libs libcurl libcrypto 2>/dev/null),\
  -lcurl -lcrypto) -lpthread -lm

ifeq ($(shell uname -s),Darwin)
SHARED = -bundle -undefined dynamic_lookup
else
SHARED = -shared -Wl,-z,nodelete
endif

OUT = build/$(ABI)
SRC = $(wildcard src/*.c)
OBJ = $(SRC:src/%.c=$(OUT)/obj/%.o)
CORE = $(OUT)/ges/core.so
WIRE = $(OUT)/support/wire.so
LUA_FILES = $(shell cd lua && find ges -name '*.lua')

all: $(CORE)

$(CORE): $(OBJ) | check-abi
	@mkdir -p $(@D)
	$(CC) $(SHARED) $(CFLAGS) $(LDFLAGS) -o $@ $(OBJ) $(GES_LIBS)

$(OUT)/obj/%.o: src/%.c | check-abi
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(GES_CFLAGS) -MMD -MP -c -o $@ $<

$(WIRE): spec/support/wire.c | check-abi
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -std=gnu11 -Wall -Wextra -fPIC $(LUA_CFLAGS) $(SHARED) \
	  $(LDFLAGS) -o $@ $< -lpthread

-include $(OBJ:.o=.d)

check-abi:
	@test -n "$(ABI)" || { echo "no lua.h for LUA=$(LUA): install its" \
	  "development package, or give LUA_INCDIR=DIR"; exit 1; }

support: $(CORE) $(WIRE)

# What the README's commands need; says what is missing where it may not
# install.
setup:
	@sh tools/setup.sh

demo: setup
	@$(MAKE) --no-print-directory LUA=lua5.4 all
	@$(MAKE) --no-print-directory LUA=luajit all
	@sh tools/with.sh 5.4 lua5.4 examples/demo.lua

test: setup
	@$(MAKE) --no-print-directory LUA=lua5.4 support
	@$(MAKE) --no-print-directory LUA=luajit support
	@sh tools/test.sh

lint:
	@sh tools/lint.sh

format-check:
	@sh tools/lint.sh format

torture:
	@sh tools/torture.sh

asan:
	@sh tools/asan.sh

valgrind:
	@sh tools/valgrind.sh

install: all
	$(INSTALL) -d $(DESTDIR)$(INST_LIBDIR)/ges $(DESTDIR)$(INST_BINDIR)
	$(INSTALL) -m 755 $(CORE) $(DESTDIR)$(INST_LIBDIR)/ges/core.so
	@for f in $(LUA_FILES); do \
	  $(INSTALL) -d $(DESTDIR)$(INST_LUADIR)/$$(dirname $$f) && \
	  $(INSTALL) -m 644 lua/$$f $(DESTDIR)$(INST_LUADIR)/$$f || exit 1; done
	$(INSTALL) -m 755 bin/ges $(DESTDIR)$(INST_BINDIR)/ges

uninstall:
	rm -rf $(DESTDIR)$(INST_LIBDIR)/ges $(DESTDIR)$(INST_LUADIR)/ges
	rm -f $(DESTDIR)$(INST_BINDIR)/ges

clean:
	rm -rf build

version:
	@echo $(VERSION)

.PHONY: all support setup demo test lint format-check torture asan valgrind \
  install uninstall clean version check-abi
