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

dest	:= $(DESTDIR)$(PREFIX)
.PHONY: install uninstall
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
uninstall:
	rm -f $(patsubst $(BUILD)/bin/%,$(dest)/bin/%,$(bins))
	rm -f $(dest)/share/bash-completion/completions/rdv \
	    $(dest)/share/zsh/site-functions/_rdv
	rm -rf $(dest)/share/rdv
