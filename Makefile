# vtcp. `make help` lists the targets; proofs/flags.mk holds Frama-C's flags.
BUILD ?= build
OPT ?= -O2
CFLAGS ?= -g
WARN := -std=c11 -Wall -Wextra -Wconversion
comma := ,
SAN := $(if $(SANITIZE),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
COMPILE = $(CC) $(WARN) $(OPT) $(CFLAGS) $(SAN) $(CPPFLAGS) -MMD -MP
POSIX := -D_GNU_SOURCE -Icore -Iharness -Itests/support

.DEFAULT_GOAL := all
include proofs/flags.mk

CORE := $(sort $(wildcard core/*/*.c))
HARNESS := $(filter-out harness/main.c,$(sort $(wildcard harness/*.c)))
SUPPORT := $(sort $(wildcard tests/support/*.c tests/fuzz/support/*.c))
KINDS := unit scenario matrix harness packetdrill soak fuzz lwip e2e
TESTS := $(sort $(foreach k,$(KINDS),$(wildcard tests/$k/*.c)))
SCRIPTS := tests/freestanding/check.sh tests/examples/embed.sh tests/fuzz/clusterfuzzlite.sh tests/interop/sample.sh \
  tests/oracle/sample.sh tests/oracle/faults.py tests/liveness/broken.sh tests/mutants/mutants.py \
  $(sort $(wildcard tests/e2e/*.sh tests/e2e/*.py tests/gate/*.py tests/reports/*.py))
EXAMPLES := $(sort $(wildcard tests/examples/*.c))
PACKETDRILL := $(CORE) $(sort $(wildcard harness/packetdrill/*.c)) $(patsubst %,harness/%.c,framing isn log packet udp)
SOURCES := $(sort $(CORE) $(wildcard core/*.h core/*/*.h harness/*.[ch] harness/*/*.[ch] tests/*/*.[ch] \
  tests/fuzz/support/*.[ch] proofs/*.c))
FUZZERS := $(basename $(notdir $(wildcard tests/fuzz/*.c)))
BINARY := $(if $(wildcard harness/main.c),$(BUILD)/vtcp)
PROGRAMS := $(TESTS:%.c=$(BUILD)/%)
VIOLATIONS := $(BUILD)/tests/contracts/violations
AGREE := $(BUILD)/tests/contracts/agree
LIBS := $(BUILD)/libharness.a $(BUILD)/libvtcp.a
ORACLE := $(BUILD)/oracle
LIVENESS := $(BUILD)/liveness
TRACED := $(ORACLE)/oracle $(addprefix $(ORACLE)/,soak/soak fuzz/connection fuzz/pair matrix/rfc9293 lwip/lwip \
  $(addprefix scenario/,opening closing transfer failure))
obj = $(patsubst %.c,$(BUILD)/%.o,$1)

PACKAGES := afl++ ca-certificates clang clang-format clang-tidy cppcheck curl cvc4 cvc5 frama-c-base gcc gcc-arm-none-eabi \
  iproute2 libc6-dev libclang-rt-14-dev libcmocka-dev libgmp-dev liblwip-dev libnewlib-arm-none-eabi libpcap-dev \
  libsodium-dev libzarith-ocaml-dev make netcat-openbsd ocaml-nox pkg-config python3 python3-lark spin tcc tshark \
  valgrind why3 z3

.PHONY: all build setup demo packetdrill check check-sanitize check-contracts check-programs interop fuzz fuzz-corpus \
  oracle spin coverage bench lint format format-check prove prove-fast expected mutants theorem weaken requirements map \
  report wp-flags clean help
.DELETE_ON_ERROR:

all: build ## build the library and the vtcp program (no proof tools needed)
build: $(BUILD)/libvtcp.a $(BINARY)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-16s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: ## install what the tests and proofs need (Debian packages) and let Why3 find the provers
	@./.ci/setup $(PACKAGES)

demo: build ## send a file between two vtcp processes over a bad path (FILE=... for a file of your own)
	$(BUILD)/vtcp demo $(if $(FILE),--file $(FILE))

packetdrill: $(BUILD)/libvtcp_packetdrill.so ## build the adapter for packetdrill, a shared object

check: build packetdrill check-programs $(TRACED) $(LIVENESS)/generate ## run every test; the last line has the totals
	@VTCP=$(abspath $(BUILD))/vtcp BUILD=$(BUILD) CC="$(CC)" TEST_RESULTS=$(BUILD)/tests/results.json \
	  python3 tests/run.py $(PROGRAMS) $(SCRIPTS)

check-programs: $(PROGRAMS) $(EXAMPLES:%.c=$(BUILD)/%)

check-sanitize: ## unit, scenario and soak tests under the address and undefined-behaviour sanitizers
	@$(MAKE) --no-print-directory BUILD=build/sanitize SANITIZE=1 check-sanitize-run
check-sanitize-run: $(BUILD)/libvtcp_packetdrill.so $(filter-out $(BUILD)/tests/e2e/%,$(PROGRAMS))
	@ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 python3 tests/run.py $(filter-out %.so,$^)

interop: build ## vtcp on a TUN device against the kernel's TCP, every case (root; make check runs a sample)
	@VTCP=$(abspath $(BUILD))/vtcp python3 tests/interop/interop.py

SECONDS ?= 60
ENGINE ?= libfuzzer
fuzz: ## run the fuzz targets, SECONDS each (ENGINE=afl for AFL++, TARGET=... for one of them)
	@./tests/fuzz/run.sh $(SECONDS) $(ENGINE) build/fuzz/$(ENGINE) $(or $(TARGET),$(FUZZERS))

fuzz-corpus: ## store the inputs that `make fuzz` has found, as few as have the same coverage
	@./tests/fuzz/run.sh merge libfuzzer build/fuzz/libfuzzer $(or $(TARGET),$(FUZZERS))

STEPS ?= 1000000
oracle: $(TRACED) ## replay STEPS steps of the core with the program that why3 extracts from spec/tcp.mlw
	@BUILD=$(BUILD) python3 tests/oracle/oracle.py --steps $(STEPS)

spin: $(LIVENESS)/generate ## liveness of two endpoints of spec/tcp.mlw, with Spin (START=... for one start)
	@BUILD=$(BUILD) python3 tests/liveness/spin.py $(START)

COVER ?= unit scenario soak fuzz
coverage: ## lines and branches of core/ that the tests run (COVER=fuzz: the stored corpus alone)
	@$(MAKE) --no-print-directory BUILD=build/coverage OPT=-O0 CFLAGS='-g --coverage' LDFLAGS=--coverage \
	  KINDS='$(COVER)' coverage-run
coverage-run: $(PROGRAMS)
	@find $(BUILD) -name '*.gcda' -delete
	@python3 tests/run.py $(PROGRAMS)
	@python3 tests/coverage.py $(BUILD) $(CORE)

check-contracts: ## the same and the end-to-end tests, each call of the core checked against its contract
	@$(MAKE) --no-print-directory BUILD=build/contracts SANITIZE=1 CONTRACTS=1 check-contracts-run
check-contracts-run: $(BUILD)/libvtcp_packetdrill.so $(VIOLATIONS) $(AGREE) $(PROGRAMS) $(BINARY)
	@cat $(MONITORS)/report.txt
	@rm -f $(MONITORS)/calls
	@SOAK_RUNS=$${SOAK_RUNS:-200} ASAN_OPTIONS=detect_leaks=1 VTCP=$(abspath $(BUILD))/vtcp MONITOR_CALLS=$(abspath $(MONITORS))/calls \
	  python3 tests/run.py $(VIOLATIONS) $(AGREE) $(PROGRAMS) $(filter tests/e2e/%,$(SCRIPTS))
	@tests/contracts/generate.py --calls $(MONITORS)/calls

bench: ## measure instructions per segment, beside lwIP
	@CC="$(CC)" ./tests/bench/run.sh

prove: export WP_FLAGS := $(WP_FLAGS)
prove: ## prove everything from nothing; ends in `N goals, N proved` (FILE=... for some files)
	@python3 proofs/prove.py $(FILE)

prove-fast: export WP_FLAGS := $(WP_FLAGS)
prove-fast: ## the same goals with a cache, without smoke tests and canaries (FILE=... for one file)
	@python3 proofs/prove.py --fast $(FILE)

expected: export WP_FLAGS := $(WP_FLAGS)
expected: ## prove everything, then store the numbers of goals (proofs/expected.json)
	@python3 proofs/prove.py --store $(FILE)

mutants: export WP_FLAGS := $(WP_FLAGS)
mutants: ## change the code in every small way: a goal must fail (FILE= FUNCTION= SAMPLE= SEED= JOBS= STORE=1)
	@python3 proofs/mutants.py $(FILE) $(foreach f,$(FUNCTION),--function $f) $(if $(SAMPLE),--sample $(SAMPLE)) \
	  $(if $(SEED),--seed $(SEED)) $(if $(JOBS),--jobs $(JOBS)) $(if $(STORE),--store) $(if $(GATE_LIMITS),--gate-limits)

requirements: ## every requirement of RFC 9293 and what proves and tests it; also build/requirements.html
	@python3 proofs/requirements.py

map: ## RFC 9293 section 3.10, paragraph by paragraph: specification, C, clauses, tests
	@python3 proofs/map.py

report: ## one page for people: build/report.html
	@python3 proofs/report.py

theorem: ## prove the system theorem, then try a second prover on each goal (ONCE=1: without); the last line has the totals
	@python3 proofs/tower.py $(if $(ONCE),--once) $(FILE)

weaken: ## weaken each guard of the model of two endpoints in turn; the proof of the system theorem must notice
	@python3 proofs/weaken.py

wp-flags: # for frama-c by hand: eval frama-c $$(make wp-flags) core/wire/seq.c
	@printf '%s\n' '$(WP_FLAGS)'

lint: ## format, warnings as errors with gcc and clang, clang-tidy, cppcheck
	@./.ci/lint $(SOURCES)

format: ## format every C file
	clang-format -i $(SOURCES)

format-check: ## fail when a C file is not formatted
	clang-format --dry-run -Werror $(SOURCES)

clean: ## remove what was built
	rm -rf build

$(BUILD)/libvtcp.a: $(call obj,$(CORE))
$(BUILD)/libharness.a: $(call obj,$(HARNESS))
$(BUILD)/libsupport.a: $(call obj,$(SUPPORT))
$(BUILD)/%.a:
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^

# gcc makes a vector loop of the checksum at -O3 only: a quarter of the instructions
$(BUILD)/core/wire/checksum.o: OPT := -O3

$(BUILD)/core/%.o: core/%.c Makefile
	@mkdir -p $(@D)
	$(COMPILE) -Icore -c $< -o $@

$(BUILD)/harness/%.o: harness/%.c Makefile
	@mkdir -p $(@D)
	$(COMPILE) $(POSIX) -c $< -o $@

$(BUILD)/pic/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(COMPILE) -fPIC -fvisibility=hidden -pthread $(POSIX) -c $< -o $@

$(BUILD)/libvtcp_packetdrill.so: $(PACKETDRILL:%.c=$(BUILD)/pic/%.o)
	$(CC) $(SAN) $(LDFLAGS) -shared -pthread -Wl,-z,nodelete $^ -lsodium -o $@

$(BUILD)/tests/%.o: tests/%.c Makefile
	@mkdir -p $(@D)
	$(COMPILE) $(POSIX) -c $< -o $@

$(BUILD)/tests/support/lwip_peer.o: CPPFLAGS += -isystem /usr/include/lwip
$(BUILD)/tests/lwip/%: LDLIBS += -llwip

$(BUILD)/tests/examples/%: tests/examples/%.c $(BUILD)/libvtcp.a
	@mkdir -p $(@D)
	$(COMPILE) -Icore $< $(BUILD)/libvtcp.a -o $@

$(BUILD)/vtcp: $(BUILD)/harness/main.o $(LIBS)
	$(CC) $(SAN) $(LDFLAGS) $< $(LIBS) -lsodium -lpcap -o $@

$(PROGRAMS): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/libsupport.a $(LIBS)
	$(CC) $(SAN) $(LDFLAGS) $< $(BUILD)/libsupport.a $(LIBS) -lsodium -lpcap -lcmocka $(LDLIBS) -o $@

# The oracle: spec/tcp.mlw as an OCaml program, its branches counted (ocamloptp), and tests that write traces for it.
ORACLE_ML := $(patsubst %,$(ORACLE)/%.ml,trace streams connection leaves step oracle)
RECORDED := init open listen send receive peek consume close abort set_nodelay set_user_timeout set_keepalive status input \
  timeout path_mss output event deadline refuse
$(ORACLE)/sequence__Sequence.ml $(ORACLE)/tcp__Tcp.ml &: spec/tcp.mlw spec/sequence.mlw
	@mkdir -p $(@D)
	why3 extract -D ocaml64 --modular --recursive -L spec tcp.Tcp -o $(@D)
$(ORACLE)/%.ml: tests/oracle/%.ml
	@mkdir -p $(@D)
	cp $< $@
$(ORACLE)/oracle: $(ORACLE)/sequence__Sequence.ml $(ORACLE)/tcp__Tcp.ml $(ORACLE_ML)
	cd $(@D) && ocamloptp -P a -I +zarith unix.cmxa zarith.cmxa $(^F) -o $(@F)
$(ORACLE)/%: $(BUILD)/tests/%.o $(BUILD)/tests/oracle/record.o $(BUILD)/libsupport.a $(LIBS)
	@mkdir -p $(@D)
	$(CC) $(SAN) $(LDFLAGS) $(RECORDED:%=-Wl,--wrap=vtcp_%) $(filter %.o,$^) $(BUILD)/libsupport.a $(LIBS) -lsodium -lpcap \
	  -lcmocka $(LDLIBS) -o $@
$(ORACLE)/lwip/%: LDLIBS += -llwip

# The liveness model: what writes it, linked with the same specification
LIVENESS_ML := $(patsubst %,$(LIVENESS)/%.ml,sequence__Sequence tcp__Tcp endpoint explore generate)
$(LIVENESS)/%.ml: $(ORACLE)/%.ml
	@mkdir -p $(@D)
	cp $< $@
$(LIVENESS)/%.ml: spec/liveness/%.ml
	@mkdir -p $(@D)
	cp $< $@
$(LIVENESS)/generate: $(LIVENESS_ML)
	cd $(@D) && ocamlopt -I +zarith zarith.cmxa $(^F) -o $(@F)

# Monitors of the contracts (CONTRACTS=1): calls of the core's functions go through those in monitors.c.
MONITORS := $(BUILD)/monitors
MONITOR = gcc -std=gnu11 -Wall -Wextra -Wno-type-limits -Wno-unused-function -O2 $(CFLAGS) $(SAN) -Icore -Itests/contracts
MONITOR_OBJECTS := $(addprefix $(MONITORS)/,monitors.o inv.o monitor.o)
ifdef CONTRACTS
$(MONITORS)/wrap: $(wildcard tests/contracts/*.py tests/contracts/*.lark spec/*.acsl core/*.h core/*/*.h)
	tests/contracts/generate.py $(@D)
$(MONITORS)/%.o: $(MONITORS)/wrap tests/contracts/monitor.c tests/contracts/monitor.h
	$(MONITOR) -c $(firstword $(wildcard tests/contracts/$*.c) $(@D)/$*.c) -o $@
$(VIOLATIONS): $(VIOLATIONS).o $(BUILD)/tests/contracts/faulty.o $(LIBS)
	$(CC) $(SAN) $(LDFLAGS) $< $(BUILD)/tests/contracts/faulty.o $(LIBS) -lcmocka -o $@
# What E-ACSL makes of the invariant, with a stub of its run-time library
$(MONITORS)/eacsl.c: tests/contracts/eacsl.py $(MONITORS)/wrap tests/contracts/eacsl_stub.h
	tests/contracts/eacsl.py $(@D)
$(AGREE): $(AGREE).o $(MONITORS)/eacsl.c $(LIBS)
	gcc -std=gnu11 -w -O1 $(SAN) -include stdint.h -include stddef.h -DE_ACSL_SEGMENT_MMODEL -Itests/contracts \
	  -I$$(frama-c -print-share-path)/e-acsl $(LDFLAGS) $< $(MONITORS)/eacsl.c $(MONITORS)/eacsl.out.c \
	  $(LIBS) -lgmp -lcmocka -o $@
$(PROGRAMS) $(VIOLATIONS) $(AGREE) $(BUILD)/vtcp: $(MONITOR_OBJECTS)
$(PROGRAMS) $(VIOLATIONS) $(AGREE) $(BUILD)/vtcp: LDFLAGS += @$(MONITORS)/wrap $(MONITOR_OBJECTS)
endif

.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
