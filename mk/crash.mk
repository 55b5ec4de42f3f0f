# The program whose output the crash layer can check byte by byte.
.PHONY: crash-tools
crash-tools: $(BUILD)/tests/pattern
$(BUILD)/tests/pattern: tests/crash/pattern.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=c11 -O2 $(WARN) -o $@ $<
