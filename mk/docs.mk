# Documents that are made from tables; they are in the tree, because people read
# them there, and tests compare.
.PHONY: docs
docs: $(BUILD)/bin/rdvd
	$(BUILD)/bin/rdvd --routes > docs/http-api.md
