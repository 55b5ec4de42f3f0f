# The layout below $(BUILD) is that of an installation: rdv finds rdvd and
# rdv-helper beside itself and everything else in ../share/rdv, so it runs from
# here as it does from $(PREFIX).

share	:= $(BUILD)/share/rdv
proxy_src := proxy-conf/rdv.conf.in $(wildcard proxy-conf/snippets/*.conf)
completion_src := etc/completion/rdv.bash etc/completion/rdv.zsh

$(share)/.stamp: $(proxy_src) $(completion_src) $(share)/web/index.html
	@mkdir -p $(share)/proxy-conf/snippets $(share)/completion
	cp proxy-conf/rdv.conf.in $(share)/proxy-conf/
	cp proxy-conf/snippets/*.conf $(share)/proxy-conf/snippets/
	cp $(completion_src) $(share)/completion/
	@touch $@

# `make run` on a fresh Debian: what is missing, build, start.
.PHONY: run up down proxy-check
run: deps-run
	@$(MAKE) --no-print-directory -s all
	@exec $(BUILD)/bin/rdv up --foreground
up: deps-run
	@$(MAKE) --no-print-directory -s all
	@$(BUILD)/bin/rdv up
down:
	@$(BUILD)/bin/rdv down

proxy-check:
	@sh proxy-conf/check.sh

# System mode in the foreground, for hosts without systemd and for tests:
# sudo make run-system [ROOT=DIR] [PORT=N] [WEB_USER=NAME] [ADMIT="NAME ..."]
.PHONY: run-system
run-system: deps-run
	@$(MAKE) --no-print-directory -s all
	@exec env ROOT="$(ROOT)" PORT="$(PORT)" WEB_USER="$(WEB_USER)" \
	    ADMIT="$(ADMIT)" sh etc/system/run.sh $(abspath $(BUILD)/bin) \
	    $(abspath $(share))

dest	:= $(DESTDIR)$(PREFIX)
SYSCONFDIR ?= /etc
etc	:= $(DESTDIR)$(SYSCONFDIR)
units	:= rdv.service rdv-runs.service rdv-web.service rdv-web-token.path \
    rdv-web-token.service
settings := rdv.toml helper.toml
paths	= sed -e 's,@BIN@,$(PREFIX)/bin,g' -e 's,@SHARE@,$(PREFIX)/share/rdv,g'

.PHONY: install install-system uninstall uninstall-system
install: all
	install -d $(dest)/bin $(dest)/share/rdv
	install -m 755 $(bins) $(dest)/bin/
	cp -R $(share)/. $(dest)/share/rdv/
	rm -f $(dest)/share/rdv/.stamp
	chmod -R u=rwX,go=rX $(dest)/share/rdv
	install -D -m 644 etc/completion/rdv.bash \
	    $(dest)/share/bash-completion/completions/rdv
	install -D -m 644 etc/completion/rdv.zsh \
	    $(dest)/share/zsh/site-functions/_rdv
	@if [ -n "$(DESTDIR)" ] || [ "$$(id -u)" = 0 ]; then \
		$(MAKE) --no-print-directory install-system; \
	else \
		echo "not root: without the units of system mode"; \
	fi

# A settings file or policy that is there is the administrator's.
install-system:
	install -d $(dest)/lib/systemd/system
	for u in $(units); do $(paths) etc/system/$$u.in \
	    > $(dest)/lib/systemd/system/$$u || exit 1; done
	install -D -m 644 etc/system/sysusers.conf $(dest)/lib/sysusers.d/rdv.conf
	install -D -m 644 etc/system/tmpfiles.conf $(dest)/lib/tmpfiles.d/rdv.conf
	install -D -m 755 etc/system/web.sh $(dest)/share/rdv/system/web.sh
	install -D -m 644 etc/system/logrotate.conf $(etc)/logrotate.d/rdv
	install -D -m 644 etc/helper.toml $(etc)/rdv/helper.toml.example
	for f in $(settings); do [ -e $(etc)/rdv/$$f ] || \
	    install -D -m 644 etc/system/$$f $(etc)/rdv/$$f || exit 1; done
	@if [ -z "$(DESTDIR)" ]; then \
		! command -v systemd-sysusers >/dev/null || \
		    systemd-sysusers $(dest)/lib/sysusers.d/rdv.conf; \
		! command -v systemd-tmpfiles >/dev/null || \
		    systemd-tmpfiles --create $(dest)/lib/tmpfiles.d/rdv.conf; \
		[ ! -d /run/systemd/system ] || systemctl daemon-reload; \
	fi

uninstall: uninstall-system
	rm -f $(patsubst $(BUILD)/bin/%,$(dest)/bin/%,$(bins))
	rm -f $(dest)/share/bash-completion/completions/rdv \
	    $(dest)/share/zsh/site-functions/_rdv
	rm -rf $(dest)/share/rdv

# State, logs, accounts and settings that were changed stay, and are named.
kept	:= /var/lib/rdv /var/lib/rdv-helper /var/log/rdv
uninstall-system:
	@if [ -z "$(DESTDIR)" ] && [ -d /run/systemd/system ]; then \
		systemctl disable --now $(units) 2>/dev/null || true; \
	fi
	rm -f $(patsubst %,$(dest)/lib/systemd/system/%,$(units)) \
	    $(dest)/lib/sysusers.d/rdv.conf $(dest)/lib/tmpfiles.d/rdv.conf \
	    $(etc)/logrotate.d/rdv $(etc)/rdv/helper.toml.example
	@for f in $(settings); do \
		if cmp -s etc/system/$$f $(etc)/rdv/$$f; then \
			rm -f $(etc)/rdv/$$f; \
		elif [ -e $(etc)/rdv/$$f ]; then \
			echo "kept: $(etc)/rdv/$$f was changed"; \
		fi; \
	done; rmdir $(etc)/rdv 2>/dev/null || true
	@if [ -z "$(DESTDIR)" ]; then \
		[ ! -d /run/systemd/system ] || systemctl daemon-reload; \
		for d in $(kept); do \
			[ ! -e $$d ] || echo "kept: $$d"; \
		done; \
		! getent group rdv-users >/dev/null || \
		    echo "kept: account rdv, group rdv-users"; \
	fi
