# `make bench` prints ratios against peers of the same run; it is no test. The
# peer node-pty is built from its source by npm on first use.
bench_tools := $(patsubst %,$(BUILD)/bench/%,flood rawpty termclient httpload \
	       rawtree syncpeer fanout counted screens vterm pause viewers \
	       forked)
# Those of the helper's side: made of its own objects.
bench_priv := $(patsubst %,$(BUILD)/bench/%,spawnload guards handover filtered)
bench_use := $(BUILD)/libpriv.a $(BUILD)/libsec.a $(BUILD)/liblib.a
bench_spawn := $(BUILD)/bench/stamp $(BUILD)/bench/place/.stamp
.PHONY: bench bench-built
bench: deps-bench bench-built bench/node_modules/.stamp
	node bench/run.mjs $(BUILD) $(B)

# They use the helper's functions, so they are built with every test of it.
bench-built: all $(bench_tools) $(bench_priv) $(bench_spawn) \
    $(BUILD)/bench/shown $(BUILD)/bench/talk $(BUILD)/bench/normalise \
    $(BUILD)/bench/rdvd-unconfined \
    $(BUILD)/bench/rdvd-unrecorded

$(BUILD)/bench/%: bench/%.c bench/bench.c bench/bench.h
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=c11 -O2 $(WARN) -o $@ bench/$*.c bench/bench.c \
	    -lpthread -lutil -lsqlite3 $(bench_more)

$(BUILD)/bench/vterm: bench_more = -lvterm
$(BUILD)/bench/shown: bench/shown.c bench/bench.c bench/bench.h \
    $(BUILD)/libdmn.a $(BUILD)/liblib.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=c11 -O2 $(WARN) -o $@ bench/shown.c \
	    bench/bench.c $(BUILD)/libdmn.a $(BUILD)/liblib.a -lutil
$(BUILD)/bench/talk: bench/talk.c bench/bench.c bench/bench.h \
    $(BUILD)/libdmn.a $(BUILD)/libsec.a $(BUILD)/liblib.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=c11 -O2 $(WARN) -o $@ bench/talk.c \
	    bench/bench.c $(BUILD)/libdmn.a $(BUILD)/libsec.a \
	    $(BUILD)/liblib.a -lutil $(LIBS_DAEMON)
$(BUILD)/bench/normalise: bench/normalise.c bench/bench.c bench/bench.h \
    $(BUILD)/libdmn.a $(BUILD)/liblib.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=c11 -O2 $(WARN) -o $@ bench/normalise.c \
	    bench/bench.c $(BUILD)/libdmn.a $(BUILD)/liblib.a -lutil -ljansson
$(bench_priv): $(BUILD)/bench/%: bench/%.c bench/bench.c bench/bench.h \
    $(bench_use)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=c11 -O2 $(WARN) -o $@ bench/$*.c bench/bench.c \
	    $(bench_use) $(LIBS_HELPER)

# It starts without libc, so there is nobody to set the stack's canary.
$(BUILD)/bench/stamp: bench/stamp.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=c11 -O2 $(WARN) -static -nostartfiles \
	    -fno-stack-protector -o $@ $<

# rdv-helper starts the rdvd beside it, whichever that is.
$(BUILD)/bench/place/.stamp: $(BUILD)/bin/rdv-helper $(BUILD)/bench/spawnload
	@mkdir -p $(@D)
	cp $(BUILD)/bin/rdv-helper $(@D)/
	cp $(BUILD)/bench/spawnload $(@D)/rdvd
	@touch $@

bench/node_modules/.stamp: bench/package-lock.json
	cd bench && npm ci --foreground-scripts --no-audit --no-fund
	cd bench && npm rebuild node-pty --foreground-scripts
	@touch $@

# The released objects under valgrind, which knows neither Landlock nor what the
# filter forbids it: linked first, bench/unconfined.c stands for confine.c.
$(BUILD)/bench/rdvd-unconfined: $(call obj,daemon/main.c bench/unconfined.c) \
    $(BUILD)/libdmn.a $(BUILD)/libsec.a $(BUILD)/liblib.a
	@mkdir -p $(@D)
	@echo "LD $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON)

# The released one that keeps the log and nothing beside it.
$(BUILD)/bench/rdvd-unrecorded: $(call obj,daemon/main.c bench/unrecorded.c) \
    $(BUILD)/libdmn.a $(BUILD)/libsec.a $(BUILD)/liblib.a
	@mkdir -p $(@D)
	@echo "LD $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--wrap=runlog_splice \
	    -Wl,--wrap=screen_grown -o $@ $^ $(LIBS_DAEMON)
