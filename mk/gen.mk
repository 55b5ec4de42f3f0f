# Generated sources: rewritten only when their content changes, so that adding
# a route file or a command rebuilds one object and nothing else.

gen_dmn	:= $(BUILD)/obj/gen/routes.o $(BUILD)/obj/gen/migrations.o
gen_cli	:= $(BUILD)/obj/gen/commands.o

.PHONY: gen
gen:
	@mkdir -p $(BUILD)/gen
	@sh mk/gen-build.sh $(VERSION) $(BUILD)/gen/build.h
	@sh mk/gen-routes.sh $(BUILD)/gen/routes.c daemon/api/*.c
	@sh mk/gen-migrations.sh $(BUILD)/gen/migrations.c \
	    daemon/store/migrations/*.sql
	@sh mk/gen-commands.sh $(BUILD)/gen/commands.c cli/cmd/*.c

$(BUILD)/gen/%.c: gen ;
