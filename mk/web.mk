# The page. npm runs only when the lock file changed; nothing it fetches may
# run scripts. Of two builds of one tree, which the lock keeps apart, the second
# finds the work done: npm begins by removing what the first is using.

web_out	:= $(BUILD)/share/rdv/web
web_src	:= $(shell find web/src -type f) web/build.mjs
web_npm	:= web/node_modules/.rdv-stamp

.PHONY: web web-check
web: $(web_out)/index.html

$(web_npm): web/package-lock.json
	cd web && flock package-lock.json sh -c \
	    'test node_modules/.rdv-stamp -nt package-lock.json || { \
	    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error \
	    --no-update-notifier && \
	    touch node_modules/.rdv-stamp; }'

$(web_out)/index.html: $(web_src) $(web_npm)
	@mkdir -p $(@D)
	node web/build.mjs $(abspath $(web_out))

web-check: $(web_npm)
	cd web && node_modules/.bin/tsc --noEmit
	node web/build.mjs --tests $(abspath $(BUILD)/web-test)
	node --test --test-reporter=spec $(abspath $(BUILD)/web-test)/*.test.mjs
