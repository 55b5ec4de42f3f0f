# Tests. `make test` is what CI runs: it installs what is missing, builds
# everything and runs every layer (tests/harness/all lists them). The targets
# below are its parts: `make unit`, `make unit-lib`, `make fuzz-replay`,
# `make fuzz T=privproto SECONDS=60`. `make soak` is no part of it: it takes hours.

.PHONY: test unit fuzz fuzz-replay
test: deps
	@sh tests/harness/all

# A directory of tests links only the archives it needs, so that it can be
# built while another part of the tree cannot.
dmn_dirs := $(sort $(patsubst daemon/%/,%,$(dir $(wildcard daemon/*/*.c))))
define dmn_archive
$(BUILD)/dmn/$(1).a: $(call obj,$(wildcard daemon/$(1)/*.c)) $(gen_dmn_$(1))
endef
gen_dmn_api := $(BUILD)/obj/gen/routes.o
gen_dmn_store := $(BUILD)/obj/gen/migrations.o
$(foreach d,$(dmn_dirs),$(eval $(call dmn_archive,$(d))))
# What wires everything together needs everything: it is no part of the base.
$(BUILD)/dmn/base.a: $(call obj,$(filter-out $(patsubst %,daemon/%.c,main \
    boot house),$(wildcard daemon/*.c)))
$(BUILD)/dmn/wire.a: $(call obj,daemon/boot.c daemon/house.c)
$(BUILD)/dmn/%.a:
	@mkdir -p $(@D)
	@rm -f $@
	@echo "AR $@"
	$(Q)ar rcs $@ $^

dmn = $(patsubst %,$(BUILD)/dmn/%.a,$(filter base $(dmn_dirs),$(1)))
liblib := $(BUILD)/liblib.a
libsec := $(BUILD)/libsec.a

use_lib	:= $(liblib)
use_security := $(libsec) $(liblib)
use_priv := $(BUILD)/libpriv.a $(libsec) $(liblib)
use_worker := $(BUILD)/libwrk.a $(liblib)
use_egress := $(BUILD)/libegress.a $(libsec) $(liblib)
use_push := $(BUILD)/libpush.a $(liblib)
use_cli	:= $(BUILD)/libcli.a $(call dmn,emu) $(liblib)
use_daemon := $(call dmn,base) $(liblib)
use_http := $(call dmn,base http) $(liblib)
use_store := $(call dmn,base store event) $(liblib)
use_event := $(use_store)
use_auth := $(call dmn,base http store event auth) $(liblib)
use_emu	:= $(call dmn,emu) $(liblib)
use_core := $(call dmn,base http store event auth core term emu agent) $(liblib)
use_term := $(use_core)
use_api	:= $(call dmn,base $(dmn_dirs)) $(BUILD)/dmn/wire.a $(liblib)

link_lib := -ljansson
link_security := -ljansson $(LIBS_HELPER)
link_priv := -ljansson $(LIBS_HELPER)
link_worker := -ljansson
link_egress := $(LIBS_EGRESS)
link_push := $(LIBS_PUSH)
link_cli := $(LIBS_CLI)
use = $(if $(use_$(1)),$(use_$(1)),$(use_api))
link = $(if $(link_$(1)),$(link_$(1)),$(LIBS_DAEMON))

# What is not called test_*.c in such a directory is linked into all of it, and
# private directories are everybody's.
unit_src := $(wildcard tests/unit/*/test_*.c)
unit_dirs := $(sort $(patsubst tests/unit/%/,%,$(dir $(unit_src))))
unit_bins = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(filter \
	    tests/unit/$(1)/%,$(unit_src)))
# What races threads is linked where it is used.
race_priv := tests/unit/lib/race.c
race_worker := tests/unit/lib/race.c
unit_support = $(call obj,$(sort tests/unit/lib/tmpdir.c \
	       $(race_$(1)) $(filter-out \
	       $(unit_src),$(wildcard tests/unit/$(1)/*.c))))
define unit_rules
$(call unit_bins,$(1)): $(BUILD)/unit/$(1)/%: \
    $(BUILD)/obj/tests/unit/$(1)/%.o $(call unit_support,$(1)) \
    $(call use,$(1))
	@mkdir -p $$(@D)
	@echo "LD $$@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $$@ $$(filter %.o,$$^) \
	    -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group \
	    -lcmocka $(call link,$(1))
.PHONY: unit-$(1)
unit-$(1): $(call unit_bins,$(1))
	@sh tests/harness/unit $(BUILD)/unit/$(1)
endef
$(foreach d,$(unit_dirs),$(eval $(call unit_rules,$(d))))
unit_all := $(foreach d,$(unit_dirs),$(call unit_bins,$(d)))
unit: $(unit_all)
	@sh tests/harness/unit $(BUILD)/unit

# Fuzz targets: tests/fuzz/fuzz_T.c, with seeds in tests/fuzz/corpus/T. Linked
# with a driver of our own they replay their seeds as a test; linked with
# libFuzzer, in a build directory of its own, they look for new ones.
fuzz_names := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz_dir_privproto := lib
fuzz_dir_auditline := lib
fuzz_dir_gitproto := lib
fuzz_dir_frame := lib
fuzz_dir_toml := lib
fuzz_dir_js := lib
fuzz_dir_path := lib
fuzz_dir_simplecmd := lib
fuzz_dir_policy := priv
fuzz_dir_ops := priv
fuzz_dir_emu := emu
fuzz_dir_pattern := term
fuzz_dir_tmuxctl := term
fuzz_dir_http := http
fuzz_dir_egress := egress
fuzz_dir_ws := http
fuzz_dir_vt := cli
fuzz_dir = $(if $(fuzz_dir_$(1)),$(fuzz_dir_$(1)),api)
# A target may share code with a unit test.
fuzz_more_privproto := $(call obj,tests/unit/lib/priv_echo.c)
fuzz_more_ops := $(call obj,$(wildcard tests/fuzz/ops_*.c))
fuzz_more_codex := $(call obj,tests/fuzz/agentfeed.c)
fuzz_more_acp := $(fuzz_more_codex)
# [ops] ends itself over a malformed packet; here only that packet's turn ends.
# Tokens are kept in memory, and its clocks stand still.
fuzz_link_ops := -Wl,--wrap=_exit,--wrap=path_write_private \
    -Wl,--wrap=path_read_private,--wrap=clock_mono_ms,--wrap=clock_wall_ms
# The socket of a terminal is the client's, and there is no API around it.
fuzz_link_door := -Wl,--wrap=ws_text,--wrap=ws_binary,--wrap=ws_close \
    -Wl,--wrap=ws_queued,--wrap=ws_stalled_ms,--wrap=ws_pause \
    -Wl,--wrap=api_kept,--wrap=session_touch
fuzz_bins := $(patsubst %,$(BUILD)/fuzz/%,$(fuzz_names))
define fuzz_rules
$(BUILD)/fuzz/$(1): $(BUILD)/obj/tests/fuzz/fuzz_$(1).o \
    $(fuzz_more_$(1)) $(BUILD)/obj/tests/fuzz/driver.o \
    $(call use,$(call fuzz_dir,$(1)))
$(BUILD)/libfuzzer/$(1): $(BUILD)/obj/tests/fuzz/fuzz_$(1).o \
    $(fuzz_more_$(1)) $(call use,$(call fuzz_dir,$(1)))
$(BUILD)/fuzz/$(1) $(BUILD)/libfuzzer/$(1):
	@mkdir -p $$(@D)
	@echo "LD $$@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $$(fuzz_engine) -o $$@ $$(filter %.o,$$^) \
	    -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group \
	    $(fuzz_link_$(1)) $(call link,$(call fuzz_dir,$(1)))
endef
$(foreach t,$(fuzz_names),$(eval $(call fuzz_rules,$(t))))
$(BUILD)/libfuzzer/%: fuzz_engine = -fsanitize=fuzzer

# Which byte of a random token differs teaches a fuzzer nothing, and is asked
# for every grant there may be.
$(BUILD)/obj/lib/secret.o: CFLAGS += $(if $(findstring fuzzer,$(SAN)),\
    -fno-sanitize-coverage=trace-cmp)

fuzz-replay: $(fuzz_bins)
	@sh tests/harness/fuzz $(BUILD)/fuzz

SECONDS	?= 60
RUNS	?= -1
fuzz:
	@test -n "$(T)" || { echo "make fuzz T=one of: $(fuzz_names)"; exit 2; }
	$(MAKE) CC=clang SAN=fuzzer-no-link,address,undefined \
	    BUILD=$(BUILD)/fuzzing $(BUILD)/fuzzing/libfuzzer/$(T)
	@mkdir -p $(BUILD)/fuzzing/corpus/$(T)
	cd $(BUILD)/fuzzing && libfuzzer/$(T) -max_total_time=$(SECONDS) \
	    -runs=$(RUNS) corpus/$(T) $(abspath tests/fuzz/corpus/$(T))

# What takes too long for each change: ten million runs of the fuzzer that plays
# a taken-over rdvd, two million rounds of the races, and a thousand of what
# terminals outlive (`make soak-crash ROUNDS=100 SEED=7` has the moments of
# another run once more), five hundred of what repositories do, and a thousand of
# what runs, the queue and approvals do.
.PHONY: soak soak-races soak-crash soak-git soak-runs
soak: soak-races soak-crash soak-git soak-runs
	$(MAKE) fuzz T=ops RUNS=10000000 SECONDS=0
soak-races: $(BUILD)/unit/priv/test_races $(BUILD)/unit/priv/test_rootraces \
    $(BUILD)/unit/worker/test_races
	RDV_RACES=320000 $(BUILD)/unit/priv/test_races
	[ "$$(id -u)" != 0 ] || RDV_RACES=10000 $(BUILD)/unit/priv/test_rootraces
	RDV_RACES=128000 $(BUILD)/unit/worker/test_races
soak-crash: all crash-tools $(BUILD)/tests/badrdvd tests/node_modules/.rdv-stamp
	RDV_ONLY=P05 RDV_ROUNDS=$(or $(ROUNDS),1000) RDV_TERMINALS=32 \
	    RDV_SEED=$(SEED) tests/harness/as-user tests/crash/run
soak-git: all tests/node_modules/.rdv-stamp
	RDV_ONLY=G20 RDV_ROUNDS=$(or $(ROUNDS),500) RDV_SEED=$(SEED) \
	    tests/harness/as-user tests/crash/run
soak-runs: all
	RDV_ONLY="amid runs" RDV_ROUNDS=$(or $(ROUNDS),1000) RDV_SEED=$(SEED) \
	    tests/harness/as-user tests/crash/run

# Under a real systemd, in a container of its own. No part of `make test`: it
# needs root, a mirror of Debian and minutes. TREE=DIR keeps the tree it makes.
.PHONY: systemd-test
systemd-test:
	@TREE="$(TREE)" tests/systemd/run

# Small programs of the black-box layers: tests/<layer>/X.c is $(BUILD)/tests/X.
# They stand alone and are never sanitized: they run confined, where a sanitizer
# could not. (tests/priv builds its own, in two versions; mk/crash.mk has a rule
# of its own.)
prog_src := $(wildcard $(patsubst %,tests/%/*.c,api abuse e2e))
prog_bins := $(patsubst %.c,$(BUILD)/tests/%,$(notdir $(prog_src))) \
	     $(BUILD)/tests/pattern
define prog_rule
$(BUILD)/tests/$(basename $(notdir $(1))): $(1)
	@mkdir -p $$(@D)
	$(CC) $(CPPFLAGS) -std=c11 -O2 $(WARN) -o $$@ $$<
endef
$(foreach f,$(prog_src),$(eval $(call prog_rule,$(f))))

# The emulator of the screen layer is the daemon's own.
emu_bin := $(BUILD)/tests/emu
$(emu_bin): $(call obj,tests/screen/emu.c) $(use_emu)
	@mkdir -p $(@D)
	@echo "LD $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

# rdv-git as a lost account could make it: it lies about the trash.
liar_bin := $(BUILD)/tests/liar
$(liar_bin): $(call obj,tests/api/liar/liar.c git-worker/main.c) \
    $(BUILD)/libwrk.a $(BUILD)/liblib.a
	@mkdir -p $(@D)
	@echo "LD $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--wrap=place_make -o $@ $^ \
	    $(LIBS_WORKER)

# What the harness puts before a layer: it stands alone, too.
ports_bin := $(BUILD)/tests/ports
$(ports_bin): $(wildcard tests/ports/*.c) tests/ports/ports.h
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=c11 -O2 $(WARN) -o $@ $(filter %.c,$^)

# What the layers under an unprivileged account need is made beforehand: that
# account may not be able to write here.
.PHONY: test-built test-compiled tsan-built
test_progs := $(fuzz_bins) $(prog_bins) $(ports_bin) $(emu_bin) $(liar_bin)
test-built: all $(unit_all) $(test_progs)

# The same for a compiler of which only the warnings are wanted: the unit tests
# are not linked, as nobody runs them.
test-compiled: all $(test_progs) $(call obj,$(wildcard tests/unit/*/*.c))

# The flusher is the only thread beside the loop; these tests have it run.
tsan-built: $(patsubst %,$(BUILD)/unit/store/test_%,bus flusher open tx)
# The real agents, 908 MB of them. Nothing that is fetched may run scripts.
.PHONY: test-agents agents-installed
test-agents: test-built agents-installed
	tests/agents/run
agents-installed: $(BUILD)/agents/node_modules/.rdv-stamp
$(BUILD)/agents/node_modules/.rdv-stamp: tests/agents/package-lock.json
	@mkdir -p $(BUILD)/agents
	cp tests/agents/package.json tests/agents/package-lock.json $(BUILD)/agents
	cd $(BUILD)/agents && flock package-lock.json \
	    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
tests/node_modules/.rdv-stamp: tests/package-lock.json
	cd tests && flock package-lock.json \
	    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
