# What a newcomer types. `make demo` and `make test` install what is missing, build, and run.
BUILD ?= build
PREFIX ?= /usr/local
MESON = CC="$(CC)" meson setup --prefix $(PREFIX)
CC = gcc
SANITIZE = -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1 -Ddebug=true

.PHONY: all deps deps-check deps-dev demo test test-sanitize check bench models install clean

all: deps $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	$(MESON) $(BUILD)

deps:
	@sh tools/deps.sh packages.txt

deps-check: deps
	@sh tools/deps.sh packages-check.txt

deps-dev: deps-check
	@sh tools/deps.sh packages-dev.txt

# Draws a catalogue and photos, indexes, searches, prints the table, writes the sheet.
demo: all
	@sh tools/demo.sh $(BUILD)/vitrine

test: all
	@sh tools/run_tests.sh $(BUILD)

test-sanitize: deps
	@test -f $(BUILD)-sanitize/build.ninja || $(MESON) $(SANITIZE) $(BUILD)-sanitize
	ninja -C $(BUILD)-sanitize
	@sh tools/run_tests.sh $(BUILD)-sanitize

check: deps-check
	@sh tools/check.sh

bench: all
	@sh bench/run.sh $(BUILD)/vitrine

# Trains both models by their recipes (hours; resumes where it was interrupted) and puts them into models/.
models: all
	@sh tools/models.sh $(BUILD)/vitrine

install: deps $(BUILD)/build.ninja
	meson configure $(BUILD) --prefix $(abspath $(PREFIX))
	ninja -C $(BUILD)
	meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf $(BUILD) $(BUILD)-*
