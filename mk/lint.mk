# Static checks. `make lint` runs all of them, `make -k lint` does not stop at
# the first that finds something; `make analyze` compiles everything once more
# with gcc's analyzer.

lint_dirs := lib security priv-helper git-worker egress push daemon cli
lint_src := $(wildcard $(foreach d,$(lint_dirs),$(d)/*.c $(d)/*/*.c))
lint_hdr := $(wildcard $(foreach d,$(lint_dirs),$(d)/*.h $(d)/*/*.h))
lint_test := $(wildcard tests/*/*.[ch] tests/*/*/*.[ch])

.PHONY: lint lint-format lint-tree lint-headers lint-cppcheck lint-tidy \
	lint-deps analyze analyze-objects
lint: lint-format lint-tree lint-headers lint-cppcheck lint-tidy lint-deps

lint-format:
	@clang-format --dry-run -Werror $(lint_src) $(lint_hdr) $(lint_test)

lint-tree:
	@sh tests/lint/shape
	@sh tests/lint/includes.sh
	@node --experimental-vm-modules --no-warnings tests/lint/scripts.mjs
	@sh tests/abuse/bite -n

# A header stands alone: nobody has to know what to include before it.
lint-headers:
	@status=0; for h in $(lint_hdr); do \
		$(CC) $(CPPFLAGS) -std=c11 -Wall -Wextra -Werror \
		    -fsyntax-only -x c $$h || status=1; \
	done; exit $$status

lint-cppcheck:
	@cppcheck -q -j2 --std=c11 --error-exitcode=1 --inline-suppr \
	    --enable=warning,performance,portability \
	    --suppress=varFuncNullUB --suppress=preprocessorErrorDirective \
	    --suppress=nullPointerRedundantCheck \
	    --include=/usr/include/$(shell $(CC) -print-multiarch)/sys/queue.h \
	    $(CPPFLAGS) $(lint_src)

$(BUILD)/lint/%.tidy: %.c $(lint_hdr) .clang-tidy
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- $(CPPFLAGS) -std=c11 2>/dev/null
	@touch $@
lint-tidy: $(patsubst %.c,$(BUILD)/lint/%.tidy,$(lint_src))

lint-deps: $(bins)
	@sh tests/lint/deps.sh $(BUILD)/bin
	@sh tests/lint/unused.sh $(BUILD)/obj

# gcc 12 calls fields that it reads two at a time uninitialized; clang-tidy and
# the sanitizers look after that.
analyze:
	@$(MAKE) BUILD=$(BUILD)/analyze CC=gcc analyze-objects \
	    OPT="-O1 -fanalyzer -Wno-analyzer-use-of-uninitialized-value"
analyze-objects: $(call obj,$(lint_src))
