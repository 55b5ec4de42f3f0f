# Generated sources: rewritten only when their content changes, so that adding
# a route file or a command rebuilds one object and nothing else. They are made
# while this file is read: a rule would run after make has looked at the times
# of the files that depend on them, and leave two programs of one build with
# different build ids.

gen_dmn	:= $(BUILD)/obj/gen/routes.o $(BUILD)/obj/gen/migrations.o
gen_cli	:= $(BUILD)/obj/gen/commands.o

ifneq ($(MAKECMDGOALS),clean)
gen_out := $(shell sh mk/gen.sh $(VERSION) $(BUILD)/gen 2>&1 || echo failed)
ifneq ($(gen_out),)
$(error mk/gen.sh: $(gen_out))
endif
endif
