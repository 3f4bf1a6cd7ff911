# ward: a thin front on meson. `make run` on a bare Debian 12 installs what the build needs
# (debian/control), builds, and starts the whole system in the language of the environment.
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60
OFFICE ?= ward-office
NINJA = ninja -j$(JOBS)
MAKEFLAGS += --no-print-directory
PACKAGES = @sh tools/packages.sh

.PHONY: help build run test soak bench fuzz lint deb clean
.DEFAULT_GOAL := build

help:
	@echo "make build   the release binary, build/ward"
	@echo "make run     the whole system in $(OFFICE)/: inspects this machine, keeps its logs, says where the console is"
	@echo "make test    everything under ASan and UBSan"
	@echo "make soak    long tests: clusters, crashes at random moments"
	@echo "make bench   the figures, against their peers"
	@echo "make fuzz    each fuzzer for FUZZ_SECONDS=$(FUZZ_SECONDS)"
	@echo "make lint    clang-tidy, gcc -fanalyzer, layers, banned functions"
	@echo "make deb     build/ward_*.deb"
	@echo "make clean   remove what was built"

# A build folder is configured once; after that ninja notices changes by itself.
build/build.ninja:
	@meson setup build -Dtests=disabled >/dev/null || { cat build/meson-logs/meson-log.txt; exit 1; }
build-asan/build.ninja:
	@meson setup build-asan --buildtype=debug -Doptimization=1 -Db_sanitize=address,undefined \
		-Db_lundef=false -Dtests=enabled >/dev/null || { cat build-asan/meson-logs/meson-log.txt; exit 1; }
build-fuzz/build.ninja:
	@CC=clang meson setup build-fuzz --buildtype=debug -Doptimization=1 -Db_sanitize=address,undefined \
		-Db_lundef=false -Dfuzz=true -Dtests=disabled -Dconsole=false >/dev/null
build-lint/build.ninja:
	@meson setup build-lint --buildtype=debug -Doptimization=1 -Dtests=disabled -Dconsole=false --werror \
		-Dc_args='-fanalyzer -Wno-analyzer-use-of-uninitialized-value' >/dev/null
build-tidy/build.ninja:
	@CC=clang meson setup build-tidy --buildtype=debug -Doptimization=1 -Dtests=enabled -Dconsole=false --werror >/dev/null

build:
	$(PACKAGES) build
	@$(MAKE) -s build/build.ninja
	@$(NINJA) -C build

run: build
	@build/ward up --dir $(OFFICE)

test:
	$(PACKAGES) build test
	@$(MAKE) -s build/build.ninja build-asan/build.ninja
	@$(NINJA) -C build --quiet
	@$(NINJA) -C build-asan --quiet
	@python3 tests/run.py $(TESTS)

soak:
	$(PACKAGES) build test soak
	@$(MAKE) -s build/build.ninja build-asan/build.ninja
	@$(NINJA) -C build --quiet
	@$(NINJA) -C build-asan --quiet
	@python3 tests/run.py --soak $(TESTS)

bench:
	$(PACKAGES) build bench
	@$(MAKE) -s build/build.ninja
	@$(NINJA) -C build --quiet
	@python3 bench/run.py $(BENCH)

fuzz:
	$(PACKAGES) build fuzz
	@$(MAKE) -s build-fuzz/build.ninja
	@$(NINJA) -C build-fuzz --quiet
	@sh tools/fuzz.sh build-fuzz $(FUZZ_SECONDS)

lint:
	$(PACKAGES) build test lint
	@python3 tests/run.py -k it/layers -k it/banned
	@$(MAKE) -s build-lint/build.ninja build-tidy/build.ninja
	@$(NINJA) -C build-lint --quiet
	@$(NINJA) -C build-tidy --quiet
	@python3 tools/tidy.py build-tidy $(JOBS)

deb:
	$(PACKAGES) build deb
	@sh tools/deb.sh build

clean:
	rm -rf build build-asan build-fuzz build-lint build-tidy
