# ges: builds the C module for one Lua at a time, runs the specs on both.
#
#   make            build for $(LUA)          make install PREFIX=DIR LUA=...
#   make demo       a simulated import        make test    all specs, both ABIs
#   make spec S=wait LUA=lua5.4               one spec, on one Lua
#   make lint       style and the rules       make asan | valgrind | torture
#   make mutate     small mistakes, put in one at a time: do the specs see them?
#   make world SEEDS=1000 LUA=luajit        calls in a made-up world, by seeds
#   make nvim       the plugin's module, where Neovim's require finds it
#   make dist       source archive, release rockspec and source rock
#   make release VERSION=1.2.3                one version, wherever it stands
#
# LUA=lua5.4 (default), luajit, lua5.1, 5.2, 5.3 or 5.5 selects the ABI. Objects
# are kept per ABI in build/<abi>/, so that all can be built and installed from
# one tree.
# A file that is compiled is one short line; V=1 shows the whole commands.

LUA ?= lua5.4
CC ?= cc
PKG_CONFIG ?= pkg-config
INSTALL ?= install
PREFIX ?= /usr/local
DESTDIR ?=
CFLAGS ?= -O2 -g
LDFLAGS ?=

VERSION := $(shell sed -n 's/^\#define GES_VERSION "\(.*\)"/\1/p' \
  src/engine/version.h)

# Where the project is published: for the rockspecs. The archive of a release
# lies at ARCHIVE_URL, the clone at HOMEPAGE.git.
HOMEPAGE ?= https://example.org/ges
ARCHIVE_URL ?= $(HOMEPAGE)/releases/ges-$(VERSION).tar.gz

# Where lua.h is: given by name (OpenResty's names work too) or pkg-config.
LUA_PC ?= $(notdir $(LUA))
ifdef LUA_INCLUDE_DIR
LUA_INCDIR ?= $(LUA_INCLUDE_DIR)
endif
ifdef LUA_INCDIR
LUA_CFLAGS = -I"$(LUA_INCDIR)"
else
LUA_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(LUA_PC) 2>/dev/null)
endif

# The ABI is read from the header, not guessed from a name.
LUA_H := $(shell said=$$($(CC) $(LUA_CFLAGS) $(CPPFLAGS) -E -P -x c \
  tools/abi.h 2>/dev/null) && echo "$$said" | sed -n 's/^ges_abi //p')
ABI := $(filter 5.%,$(LUA_H))

# Module folders that are named (OpenResty's lualib) get the modules alone: a
# command in $(PREFIX)/bin would not find them, and may be that of another Lua.
NAMED_DIRS := $(LUA_CMODULE_DIR)$(LUA_MODULE_DIR)$(LUA_LIB_DIR)
NAMED_DIRS := $(NAMED_DIRS)$(INST_LIBDIR)$(INST_LUADIR)
NAMED_BIN := $(INST_BINDIR)

INST_LIBDIR ?= $(or $(LUA_CMODULE_DIR),$(PREFIX)/lib/lua/$(ABI))
INST_LUADIR ?= $(or $(LUA_MODULE_DIR),$(LUA_LIB_DIR),$(PREFIX)/share/lua/$(ABI))
INST_BINDIR ?= $(PREFIX)/bin
INST_MANDIR ?= $(PREFIX)/share/man

# Where the shells look for completions, beside the command.
INST_BASHDIR ?= $(PREFIX)/share/bash-completion/completions
INST_ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
INST_FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
  -Werror=implicit-function-declaration
GES_CFLAGS = -std=c11 $(WARN) -fPIC -fvisibility=hidden $(LUA_CFLAGS) $(CPPFLAGS) \
  $(shell $(PKG_CONFIG) --cflags libcurl libcrypto 2>/dev/null)
GES_LIBS = $(or $(shell $(PKG_CONFIG) --libs libcurl libcrypto 2>/dev/null),\
  -lcurl -lcrypto) -lpthread -lm

ifeq ($(shell uname -s),Darwin)
SHARED = -bundle -undefined dynamic_lookup
else
PRELOADED = freed.so
SHARED = -shared -Wl,-z,nodelete
endif

OUT = build/$(ABI)
SRC = $(wildcard src/*/*.c)
OBJ = $(SRC:src/%.c=$(OUT)/obj/%.o)
CORE = $(OUT)/ges/core.so
SUPPORT = $(addprefix $(OUT)/support/,wire.so pty.so $(PRELOADED))
WORK = $(OUT)/counted/ges/core.so
WORK_OBJ = $(SRC:src/%.c=$(OUT)/counted/obj/%.o) $(OUT)/counted/work.o
LUA_FILES = $(shell cd lua && find ges -name '*.lua')

# $(call line,CC,$<): the one line that is shown for a command; nothing in a
# silent make, the command itself with V=1. The letters of make's options come
# first in its flags; long options and variables have an s for other reasons.
ifeq ($(V),1)
line =
else ifneq ($(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS)))),)
line = @
else
line = @echo "$(1) $(2)";
endif

all: $(CORE)

$(CORE): $(OBJ) | check-abi
	@mkdir -p $(@D)
	$(call line,LD,$@)$(CC) $(SHARED) $(CFLAGS) $(LDFLAGS) -o $@ $(OBJ) \
	  $(GES_LIBS)

$(OUT)/obj/%.o: src/%.c | check-abi
	@mkdir -p $(@D)
	$(call line,CC,$<)$(CC) $(CFLAGS) $(GES_CFLAGS) -MMD -MP -c -o $@ $<

$(OUT)/support/%.so: spec/support/%.c | check-abi
	@mkdir -p $(@D)
	$(call line,CC,$<)$(CC) $(CFLAGS) -std=gnu11 -Wall -Wextra -fPIC \
	  $(LUA_CFLAGS) $(SHARED) $(LDFLAGS) -o $@ $< -lpthread

# A module that counts the work it does, for specs (spec/support/work.h). Only
# src/ is counted, and nothing in it may become a loop of the compiler's own.
# Whatever CFLAGS asks for (coverage, a sanitizer) is for the ordinary module.
WORK_CFLAGS = -O1 -g $(filter -m%,$(CFLAGS)) $(GES_CFLAGS)

$(WORK): $(WORK_OBJ)
	@mkdir -p $(@D)
	$(call line,LD,$@)$(CC) $(SHARED) $(WORK_CFLAGS) $(LDFLAGS) -o $@ \
	  $(WORK_OBJ) $(GES_LIBS)

$(OUT)/counted/obj/%.o: src/%.c spec/support/work.h | check-abi
	@mkdir -p $(@D)
	$(call line,CC,$< (counted))$(CC) $(WORK_CFLAGS) -fno-builtin \
	  -fsanitize-coverage=trace-pc -include spec/support/work.h -MMD -MP \
	  -c -o $@ $<

$(OUT)/counted/work.o: spec/support/work.c spec/support/work.h | check-abi
	@mkdir -p $(@D)
	$(call line,CC,$<)$(CC) $(WORK_CFLAGS) -c -o $@ $<

-include $(OBJ:.o=.d) $(WORK_OBJ:.o=.d)

# Before anything is compiled: what would make it fail, by name and package.
check-abi: export CC := $(CC)
check-abi: export LUA := $(LUA)
check-abi: export LUA_H := $(LUA_H)
check-abi: export LUA_INCDIR := $(LUA_INCDIR)
check-abi: export PKG_CONFIG := $(PKG_CONFIG)
check-abi:
	@for file in stdio.h curl/curl.h openssl/evp.h; do \
	  echo "#include <$$file>" 2>/dev/null | $(CC) $(GES_CFLAGS) -E -x c - >/dev/null \
	  2>&1 || echo $$file; done | sh tools/setup.sh compile
	@case "$(LUA_H)" in \
	5.*) exit 0 ;; \
	other) echo "the lua.h for LUA=$(LUA) is for no Lua from 5.1 to 5.9:" \
	  "give the LUA_INCDIR=DIR of one that is" ;; \
	*) echo "the lua.h for LUA=$(LUA) cannot be read:"; \
	  $(CC) $(LUA_CFLAGS) $(CPPFLAGS) -E -P -x c tools/abi.h >/dev/null ;; \
	esac >&2; exit 1

# Which Lua the module would be built for.
abi: check-abi
	@echo $(ABI)

support: $(CORE) $(SUPPORT) $(WORK)

# What the README's two commands need; says what is missing where it may not
# install.
setup-demo:
	@sh tools/setup.sh demo

setup-test:
	@sh tools/setup.sh test

# The plugin's folder is this one, unless NVIM_DIR says otherwise. Renamed into
# place: an editor that has the old one loaded keeps it.
NVIM_DIR ?= .
NVIM_LUA ?= $(or $(firstword $(foreach lua,luajit lua5.1 lua-5.1 lua51,\
  $(shell $(PKG_CONFIG) --exists $(lua) 2>/dev/null && echo $(lua)))),luajit)

nvim:
	@$(MAKE) --no-print-directory LUA=$(NVIM_LUA) nvim-module

nvim-module: $(CORE)
	@test "$(ABI)" = 5.1 || { echo "Neovim needs a module for Lua 5.1, and" \
	  "$(LUA) is $(ABI): give NVIM_LUA=luajit"; exit 1; }
	@$(INSTALL) -d "$(NVIM_DIR)/lua/ges"
	@cp $(CORE) "$(NVIM_DIR)/lua/ges/core.so.new"
	@mv -f "$(NVIM_DIR)/lua/ges/core.so.new" "$(NVIM_DIR)/lua/ges/core.so"
	@echo "$(NVIM_DIR)/lua/ges/core.so is ready; see :checkhealth ges"

demo: setup-demo
	@$(MAKE) --no-print-directory LUA=lua5.4 all
	@$(MAKE) --no-print-directory LUA=luajit all
	@sh tools/with.sh 5.4 lua5.4 examples/demo.lua

demo-openresty: setup-demo
	@$(MAKE) --no-print-directory LUA=luajit all
	@sh tools/demo-openresty.sh

test: setup-test
	@$(MAKE) --no-print-directory LUA=lua5.4 support
	@$(MAKE) --no-print-directory LUA=luajit support
	@sh tools/test.sh

# S is a part of a spec's path: wait, cli/args, regress/12.
spec:
	@sh tools/spec.sh "$(S)" $(LUA)

# Calls in worlds made of seeds (spec/world), on both Luas or on LUA=..., from
# SEED on. FAULTS=1 puts old faults back, and says which seed finds each.
SEEDS ?= 1000
SEED ?= 1

world:
	@sh tools/world.sh $(if $(filter command environment,$(origin LUA)),$(LUA),both) \
	  $(if $(FAULTS),faults,$(SEEDS) $(SEED))

lint:
	@sh tools/lint.sh

format-check:
	@sh tools/lint.sh format

# For tools/lint.sh: what the compiler is told.
flags: check-abi
	@echo '$(GES_CFLAGS)'

# The annotations of the options, the reference and the completions: all of them
# are made before one is replaced. lint fails when they differ.
doc:
	@$(MAKE) --no-print-directory LUA=lua5.4 all
	@rm -rf build/made
	sh tools/made.sh build/made
	cp -R build/made/. .

# The rockspec for a clone, and for a release (see tools/dist.sh).
rockspec:
	@HOMEPAGE="$(HOMEPAGE)" sh tools/rockspec.sh > ges-scm-1.rockspec

dist:
	@HOMEPAGE="$(HOMEPAGE)" ARCHIVE_URL="$(ARCHIVE_URL)" \
	  sh tools/dist.sh $(VERSION)

# Given on the command line, VERSION is the new one.
release:
	@sh tools/release.sh "$(if $(filter command,$(origin VERSION)),$(VERSION))"

# Against bare libcurl and other clients; rewrites bench/results.md and the
# chart. `sh bench/run.sh quick` takes one round and writes nothing, `sh
# bench/run.sh linear` shows only what the bytes of an answer cost.
bench:
	@sh bench/run.sh

# FILE=src/engine/url.c or ROOM=url for some of the changes, NUMBER=3 for one of
# a room, SURVIVORS=1 for those that are not recorded as seen, PICK=10 for some
# of the others (SEED=n for the same ones again), RECORD=1 writes what was seen.
mutate:
	@sh tools/mutate.sh

torture:
	@sh tools/torture.sh

asan:
	@sh tools/asan.sh

valgrind:
	@sh tools/valgrind.sh

# FUZZ_SECONDS=60 each; an hour finds more.
fuzz:
	@sh tools/fuzz.sh

coverage:
	@sh tools/coverage.sh

# The module and its specs on 32-bit x86, in a fresh Debian.
check32:
	@sh tools/check32.sh

gcstress:
	@sh tools/gcstress.sh

apicheck:
	@sh tools/apicheck.sh

analyze:
	@sh tools/analyze.sh

# The parts beside the modules: for a tree of programs, or as they are named.
BESIDE = $(if $(NAMED_DIRS),$(if $(NAMED_BIN),command),command man completion)

install: $(addprefix install-,modules $(BESIDE))
	$(if $(BESIDE),,@echo "only the modules, since their folders were given;" \
	  "the command: make install-command INST_BINDIR=DIR")

uninstall: $(addprefix uninstall-,modules $(BESIDE))

LIB = "$(DESTDIR)$(INST_LIBDIR)"
SHARE = "$(DESTDIR)$(INST_LUADIR)"
BIN = "$(DESTDIR)$(INST_BINDIR)"
MAN = "$(DESTDIR)$(INST_MANDIR)"
BASH = "$(DESTDIR)$(INST_BASHDIR)"
ZSH = "$(DESTDIR)$(INST_ZSHDIR)"
FISH = "$(DESTDIR)$(INST_FISHDIR)"

install-modules: all
	@$(INSTALL) -d $(LIB)/ges
	$(call line,INSTALL,$(DESTDIR)$(INST_LIBDIR)/ges/core.so)$(INSTALL) -m 755 \
	  $(CORE) $(LIB)/ges/core.so
	$(call line,INSTALL,$(DESTDIR)$(INST_LUADIR)/ges/*.lua)for f in $(LUA_FILES); do \
	  $(INSTALL) -d $(SHARE)/$$(dirname $$f) && \
	  $(INSTALL) -m 644 lua/$$f $(SHARE)/$$f || exit 1; done

# The command runs on the Lua that it is installed for.
install-command: all
	@$(INSTALL) -d $(BIN)
	$(call line,INSTALL,$(DESTDIR)$(INST_BINDIR)/ges)sed \
	  '1s|env lua$$|env $(LUA)|' bin/ges > $(BIN)/ges.new && \
	  chmod 755 $(BIN)/ges.new && mv -f $(BIN)/ges.new $(BIN)/ges

install-man:
	@$(INSTALL) -d $(MAN)/man1 $(MAN)/man3
	$(call line,INSTALL,$(DESTDIR)$(INST_MANDIR))$(INSTALL) -m 644 \
	  doc/man/ges.1 $(MAN)/man1 && \
	  $(INSTALL) -m 644 doc/man/ges.3 $(MAN)/man3

# As they lie in the tree: a package is built where the command cannot run.
install-completion:
	@$(INSTALL) -d $(BASH) $(ZSH) $(FISH)
	$(call line,INSTALL,$(DESTDIR)$(PREFIX)/share/*/ges)$(INSTALL) -m 644 \
	  doc/completion/ges.bash $(BASH)/ges && \
	  $(INSTALL) -m 644 doc/completion/_ges $(ZSH) && \
	  $(INSTALL) -m 644 doc/completion/ges.fish $(FISH)

# Without lua.h it is not known where the modules are.
uninstall-modules: check-abi
	rm -rf $(LIB)/ges $(SHARE)/ges

uninstall-command:
	rm -f $(BIN)/ges

uninstall-man:
	rm -f $(MAN)/man1/ges.1 $(MAN)/man3/ges.3

uninstall-completion:
	rm -f $(BASH)/ges $(ZSH)/_ges $(FISH)/ges.fish

clean:
	rm -rf build

version:
	@echo $(VERSION)

.PHONY: abi all analyze apicheck asan bench check-abi check32 clean coverage demo \
  demo-openresty dist doc flags format-check fuzz gcstress install \
  install-command install-completion install-man install-modules lint mutate nvim \
  nvim-module release rockspec setup-demo setup-test spec support test torture \
  uninstall uninstall-command uninstall-completion uninstall-man \
  uninstall-modules valgrind version world
