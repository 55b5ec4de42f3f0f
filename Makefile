# rdv. `make run` and `make test` are all a newcomer needs; both install what
# is missing first. Everything generated lives under $(BUILD).

# The built-in rules would try to make our .d files from sources of that name.
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.SECONDARY:
.DELETE_ON_ERROR:

BUILD	?= build
ifeq ($(origin CC),default)
CC	:= gcc
endif
PREFIX	?= /usr/local
DESTDIR	?=
SAN	?=

# One line for each thing made; `make V=1` shows the commands.
Q	:= $(if $(V),,@)

VERSION	:= 0.1.0
WARN	:= -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	   -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla \
	   -Wformat=2 -Wundef -Wcast-align -Wnull-dereference
HARDEN	:= -fstack-protector-strong -fPIE
OPT	:= -O2
ifneq ($(SAN),)
# A report has lines and names of functions; variables would be for a debugger.
OPT	:= -O1 -g1 -fno-omit-frame-pointer -fsanitize=$(SAN) \
	   -fno-sanitize-recover=all -DRDV_SANITIZED
LDSAN	:= -fsanitize=$(SAN)
else
HARDEN	+= -D_FORTIFY_SOURCE=2
endif
CPPFLAGS := -D_GNU_SOURCE -I. -I$(BUILD)/gen
CFLAGS	:= -std=c11 -g $(OPT) $(WARN) $(HARDEN)
LDFLAGS	:= -pie -Wl,-z,relro,-z,now $(LDSAN)

LIBS_HELPER := -lseccomp -lcap
LIBS_DAEMON := -levent -lsqlite3 -ljansson -lwslay -lhttp_parser -lcrypto \
	       -lseccomp -lcap -lpthread
LIBS_WORKER := -ljansson
LIBS_EGRESS := -lseccomp -lcap -lpthread
LIBS_PUSH := -lssl -lcrypto
LIBS_CLI    := -ljansson -lwslay -lhttp_parser

lib_src	:= $(wildcard lib/*.c)
sec_src	:= $(wildcard security/*.c)
priv_src := $(filter-out priv-helper/main.c,$(wildcard priv-helper/*.c))
dmn_src	:= $(filter-out daemon/main.c,$(wildcard daemon/*.c daemon/*/*.c))
wrk_src	:= $(filter-out git-worker/main.c,$(wildcard git-worker/*.c))
cli_src	:= $(filter-out cli/main.c,$(wildcard cli/*.c cli/cmd/*.c))
egress_src := $(filter-out egress/main.c,$(wildcard egress/*.c))
push_src := $(filter-out push/main.c,$(wildcard push/*.c))
obj	= $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

bins	:= $(BUILD)/bin/rdvd $(BUILD)/bin/rdv-helper $(BUILD)/bin/rdv-git \
	   $(BUILD)/bin/rdv-egress $(BUILD)/bin/rdv-push $(BUILD)/bin/rdv

.PHONY: all
all: $(bins) $(BUILD)/share/rdv/.stamp

include $(sort $(wildcard mk/*.mk))

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "CC $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c
	@mkdir -p $(@D)
	@echo "CC $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Archives, so that a test or a binary links only what it calls: the helper
# must not grow by what lib/ offers the others (tests/lint/deps.sh checks).
$(BUILD)/lib%.a:
	@rm -f $@
	@echo "AR $@"
	$(Q)ar rcs $@ $^

$(BUILD)/liblib.a: $(call obj,$(lib_src))
$(BUILD)/libsec.a: $(call obj,$(sec_src))
$(BUILD)/libpriv.a: $(call obj,$(priv_src))
$(BUILD)/libwrk.a: $(call obj,$(wrk_src))
$(BUILD)/libegress.a: $(call obj,$(egress_src))
$(BUILD)/libpush.a: $(call obj,$(push_src))
$(BUILD)/libdmn.a: $(call obj,$(dmn_src)) $(gen_dmn)
$(BUILD)/libcli.a: $(call obj,$(cli_src)) $(gen_cli)

$(BUILD)/bin/rdvd: $(call obj,daemon/main.c) $(BUILD)/libdmn.a \
    $(BUILD)/libsec.a $(BUILD)/liblib.a
	@mkdir -p $(@D)
	@echo "LD $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON)

$(BUILD)/bin/rdv-helper: $(call obj,priv-helper/main.c) $(BUILD)/libpriv.a \
    $(BUILD)/libsec.a $(BUILD)/liblib.a
	@mkdir -p $(@D)
	@echo "LD $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_HELPER)

$(BUILD)/bin/rdv-git: $(call obj,git-worker/main.c) $(BUILD)/libwrk.a \
    $(BUILD)/liblib.a
	@mkdir -p $(@D)
	@echo "LD $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_WORKER)

$(BUILD)/bin/rdv-egress: $(call obj,egress/main.c) $(BUILD)/libegress.a \
    $(BUILD)/libsec.a $(BUILD)/liblib.a
	@mkdir -p $(@D)
	@echo "LD $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_EGRESS)

$(BUILD)/bin/rdv-push: $(call obj,push/main.c) $(BUILD)/libpush.a \
    $(BUILD)/liblib.a
	@mkdir -p $(@D)
	@echo "LD $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_PUSH)

$(BUILD)/bin/rdv: $(call obj,cli/main.c) $(BUILD)/libcli.a \
    $(BUILD)/dmn/emu.a $(BUILD)/liblib.a
	@mkdir -p $(@D)
	@echo "LD $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_CLI)

.PHONY: clean
clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
