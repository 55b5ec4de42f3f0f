# What a fresh Debian 12 lacks. `make deps` installs it: directly as root,
# through sudo otherwise, and says what root has to run when neither is possible.
.PHONY: deps deps-run deps-test deps-bench
deps: deps-run deps-test
deps-run:
	@sh mk/deps.sh run
deps-test:
	@sh mk/deps.sh test
# No part of `make deps`: only figures need it.
deps-bench:
	@sh mk/deps.sh bench
