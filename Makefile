# What can be done here; `make help` lists it. `setup` sees to what a target needs and the machine lacks.

PREFIX   ?= /usr/local
ARCH      =
KERNELS  ?= 6.1 6.12
SMOKE    ?= arm64:6.1
FUZZTIME ?= 60s
SHORT    ?= -short

# The files that processes open and create, seen from a guest with Debian's own kernel.
DEMO = bin/stap --vm -r 6.1 examples/open.stp -c "sh -c 'date >/tmp/now; cat /proc/version /tmp/now; ls / >/dev/null'"

# setup puts a Go there when the one in PATH is missing or too old.
export PATH        := $(or $(XDG_DATA_HOME),$(HOME)/.local/share)/gostap/go/bin:$(PATH)
export GOFLAGS     += -buildvcs=false
export CGO_ENABLED := 0

.DEFAULT_GOAL := build
.NOTPARALLEL:
.PHONY: help build setup prep demo test test-all lint unit tapsets guest guest-preempt guest-arm64 guest-usb roots targets storms torture race fuzz corpus bench conformance man install clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# What Go calls an architecture that people name; stap looks for another machine's staprun beside itself, in a folder of that name.
goarch = $(or $(word 2,$(subst :, ,$(filter $(1):%,x86_64:amd64 aarch64:arm64))),$(1))

build: ## build bin/stap and bin/staprun, static (the default); with ARCH=arm64 bin/arm64/staprun, for other machines
	@./setup go
ifeq ($(ARCH),)
	go build -trimpath -ldflags '-s -w' -o bin/ ./cmd/stap ./cmd/staprun
else
	GOARCH=$(call goarch,$(ARCH)) go build -trimpath -ldflags '-s -w' -o bin/$(call goarch,$(ARCH))/ ./cmd/staprun
endif

setup: ## set up what this machine lacks: Go, compiler, QEMU
	@./setup go guest

# fetch NAMES OPTIONS: the kernels of these names, each RELEASE or ARCHITECTURE:RELEASE, and a staprun for other machines.
fetch = @for name in $(1); do \
	case $$name in \
	*:*) ./setup arm64 && $(MAKE) --no-print-directory build ARCH=$${name%%:*} && bin/stap prep --vm $(2) -a $${name%%:*} -r $${name\#*:} ;; \
	*) bin/stap prep --vm $(2) -r $$name ;; \
	esac || exit 1; done

prep: setup build ## fetch the kernels that guests run, with their debuginfo
	$(call fetch,$(KERNELS),--debuginfo)
	$(call fetch,$(filter-out $(KERNELS),$(SMOKE)),)

demo: setup build ## boot a guest and print the files that its processes open
	@bin/stap prep --vm -r 6.1
	$(DEMO)

test: ## lint, unit tests, the library against each kernel, and guest tests on the kernels of KERNELS (6.1 6.12)
	@./setup go guest race test
	@for step in build prep lint unit tapsets guest; do \
		echo "make test: $$step"; \
		$(MAKE) --no-print-directory $$step || { echo "make test: stopped at $$step; the lines above say why" >&2; exit 1; }; \
	done
	@echo "make test: all passed"

test-all: ## make test with SHORT=, then guests with preempt=full, of arm64 and with USB, the targets, the race detector, fuzzing, the corpus and one round of every Go benchmark
	@./setup go guest race test
	@$(MAKE) --no-print-directory test SHORT=
	@$(MAKE) --no-print-directory guest-preempt guest-arm64 guest-usb targets race fuzz corpus
	go test -run '^$$' -bench . -benchtime 1x ./...
	@echo "make test-all: all passed"

lint: ## gofmt, go vet and the house rules
	@./setup go
	@unformatted=$$(gofmt -l .) && if [ -n "$$unformatted" ]; then echo "make lint: gofmt would change:"; echo "$$unformatted"; exit 1; fi
	go vet -tags guest ./... $$(find testdata -name '*.go' -printf './%h\n' | sort -u) # "..." passes by folders of that name
	go test -count=1 -run '^TestHouse' .

unit: ## unit tests; no root, kernel or guest needed
	@./setup go race
	go test ./...

tapsets: build ## check the whole library against each kernel of KERNELS, without booting one
	@for name in $(KERNELS); do \
		case $$name in \
		*:*) bin/stap check --tapsets -w -a $${name%%:*} -r $${name#*:} ;; \
		*) bin/stap check --tapsets -w -r $$name ;; \
		esac || exit 1; done

guest: prep ## tests in guests, on the kernels of KERNELS (6.1 6.12), and some on those of SMOKE (arm64:6.1); with SHORT= the long ones, too
	@./setup test
	@go test -tags guest -list '^TestGuest' ./... | grep -q '^TestGuest' || { echo "make guest: no guest tests found"; exit 1; }
	GOSTAP_KERNELS="$(KERNELS)" GOSTAP_SMOKE="$(SMOKE)" go test -count=1 -p 1 -timeout 60m -tags guest $(SHORT) -run '^TestGuest' ./...

guest-preempt: ## make guest with kernels that are fully preemptible
	@GOSTAP_APPEND=preempt=full $(MAKE) --no-print-directory guest SMOKE=

guest-arm64: ## make guest with an emulated arm64 machine
	@$(MAKE) --no-print-directory guest KERNELS=arm64:6.1 SMOKE=

# Kernels made for guests of clouds have no USB.
USB = 6.1-amd64 6.12-amd64

guest-usb: setup build ## tests of USB in guests, with Debian's kernels for machines of all kinds
	@./setup test
	$(call fetch,$(USB),)
	GOSTAP_USB_KERNELS="$(USB)" go test -count=1 -timeout 30m -tags guest -run '^TestGuestUSB' .

# Build roots of the oldest and the newest release of Debian whose kernels are among the targets.
ROOTS = $(or $(XDG_DATA_HOME),$(HOME)/.local/share)/gostap/roots

roots: build ## make build roots of Debian 11 and 13, with their kernels; needs root
	@./setup roots
	testdata/buildroot/make.sh bullseye $(ROOTS)/bullseye 5.10
	testdata/buildroot/make.sh trixie $(ROOTS)/trixie 6.12

targets: roots prep ## build one script for five targets, two of them in build roots, and run it in a guest of each
	GOSTAP_TARGETS="$(KERNELS) $(SMOKE) 5.10@$(ROOTS)/bullseye 6.12@$(ROOTS)/trixie" go test -count=1 -v -timeout 30m -tags guest -run '^TestGuestTargets' .

# A storm may take hours where the machine is slow; each prints its count.
STORMS = -count=1 -p 1 -v -timeout 24h -tags guest -run '^TestStorm' .

storms: prep ## storms of probes in guests, on the kernels of KERNELS (6.1 6.12); takes an hour for each
	@./setup test
	GOSTAP_KERNELS="$(KERNELS)" go test $(STORMS)

# The sanitised kernel is some ten times slower than a distribution's, and needs more memory. With page tables of five levels
# KASAN takes the kernel's own memory for a wild address when an interrupt comes while the boot CPU is identified.
TORTURE = GOSTAP_APPEND='no5lvl oops=panic' GOSTAP_PATIENCE=10 GOSTAP_MEMORY=1536 GOSTAP_STORM_REPORT=$(CURDIR)/bin/storms.json go run ./testdata/torture --

torture: build ## build a kernel that checks itself, run the guest tests and the storms in it; takes hours
	@./setup go guest test torture
	@bin/stap prep --vm -r 6.1
	rm -f bin/storms.json
	$(TORTURE) go test -count=1 -p 1 -timeout 12h -tags guest -run '^TestGuest' ./...
	$(TORTURE) go test $(STORMS); status=$$?; \
		go run ./testdata/torture -report bin/storms.json && exit $$status

race: ## unit tests under the race detector
	@./setup go guest race
	CGO_ENABLED=1 CC=gcc-12 go test -race ./...

fuzz: ## fuzz every Fuzz function for FUZZTIME (60s)
	@./setup go
	@functions=$$(grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | sed 's,/[^/]*:func , ,'); \
	if [ -z "$$functions" ]; then echo "make fuzz: no Fuzz function found"; exit 1; fi; \
	echo "$$functions" | while read -r folder name; do \
		echo "go test -fuzz $$name $$folder"; \
		go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s "$$folder" </dev/null || exit 1; \
	done

# How many percent of the example scripts must be built of those whose probe points a kernel has. DOCS=docs/conformance.md
# puts the table there.
CORPUS_LEAST = 95

corpus: build ## build the example scripts of Debian's package systemtap-doc, which it downloads, for each kernel of KERNELS; parse and format them all
	@./setup go guest
	$(call fetch,$(KERNELS),--debuginfo)
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	(cd "$$folder" && apt-get -qq -o APT::Sandbox::User="$$(id -un)" download systemtap-doc && dpkg -x systemtap-doc_*.deb .) && \
	GOSTAP_CORPUS="$$folder" go test -count=1 -run '^(TestCorpus|TestFormatScripts)$$' ./parse && \
	go run ./testdata/corpus -kernels "$(KERNELS)" -least $(CORPUS_LEAST) $(if $(DOCS),-docs $(DOCS)) "$$folder"/usr/share/systemtap/examples

bench: setup build ## measure start-up and cost per probe hit, as in docs/benchmarks.md
	@./setup go guest race bench
	go run ./testdata/bench

conformance: ## check docs/conformance.md against the tests that it names
	@./setup go
	go test -count=1 -v -run '^TestConformance' .

man: ## write the manual pages of the library, one for each subject, to bin/man
	@./setup go
	go run ./tapsets/manual bin/man/man3

install: ## install both programs, and the manual pages, below PREFIX (/usr/local) and DESTDIR
	@test -x bin/stap && test -x bin/staprun || $(MAKE) --no-print-directory build
	@test -d bin/man || $(MAKE) --no-print-directory man
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin bin/stap bin/staprun
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man3 bin/man/man3/*

clean: ## remove what was built here; fetched kernels and caches stay
	rm -rf bin
