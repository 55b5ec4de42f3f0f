# What tests/priv/run runs. Tests are linked against the archives of a build with
# -DRDV_MUTANTS, which is $(BUILD) then: it is the helper that is on trial.
# PRIV_TESTS names those that are wanted, without "test_".
priv_flags := $(CPPFLAGS) -std=c11 -g -O1 -Wall -Wextra -Werror
priv_rig := $(patsubst tests/priv/%.c,$(BUILD)/priv/%.o,\
	    $(wildcard tests/priv/rig*.c))
priv_bins := $(patsubst %,$(BUILD)/priv/unit/test_%,$(PRIV_TESTS))

.PHONY: priv-built
priv-built: $(BUILD)/bin/rdv-helper $(BUILD)/priv/rdvd $(BUILD)/priv/actor \
    $(BUILD)/priv/probe $(priv_bins)

$(BUILD)/priv/%.o: tests/priv/%.c
	@mkdir -p $(@D)
	@echo "CC $<"
	$(Q)$(CC) $(priv_flags) $(priv_more) -MMD -MP -c -o $@ $<
$(BUILD)/priv/unit/test_%: $(BUILD)/priv/test_%.o $(priv_rig) \
    $(BUILD)/libpriv.a $(BUILD)/libsec.a $(BUILD)/liblib.a
	@mkdir -p $(@D)
	@echo "LD $@"
	$(Q)$(CC) -o $@ $^ -lcmocka $(LIBS_HELPER) $(priv_link)

# They confine themselves, as each of the programs does.
$(BUILD)/priv/test_confine.o $(BUILD)/priv/test_talk.o: \
    priv_more = -DRDV_MUTANTS
$(BUILD)/priv/unit/test_confine: priv_link = -lsqlite3 -levent -lcrypto \
    -lpthread

# They stand alone.
$(BUILD)/priv/rdvd: tests/priv/stubd.c
	@mkdir -p $(@D)
	$(CC) $(priv_flags) -o $@ $<
$(BUILD)/priv/actor $(BUILD)/priv/probe: $(BUILD)/priv/%: tests/priv/%.c
	@mkdir -p $(@D)
	$(CC) $(priv_flags) -static -o $@ $<

-include $(wildcard $(BUILD)/priv/*.d)
