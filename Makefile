# nacld: every target is here; `make help` lists them.
#
# V=1 shows the commands. CC=clang, CFLAGS=..., DESTDIR=, PREFIX= as usual.

VERSION := 0.1.0
B       ?= build
PREFIX  ?= /usr
DESTDIR ?=

CC      ?= gcc
CFLAGS  ?= -O2 -g
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	   -Wwrite-strings -Wvla -Wformat=2 -Wundef
HARDEN  := -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2
override CPPFLAGS += -D_GNU_SOURCE -DNACLD_VERSION='"$(VERSION)"' -Isrc -I$(B)
COMPILE  = $(CC) -std=gnu11 $(CPPFLAGS) $(WARN) $(WERROR) $(HARDEN) $(CFLAGS) $(SAN) -MMD -MP

# What runs a program that was made for another machine: qemu-aarch64 -L /usr/aarch64-linux-gnu, say.
RUN     ?=

Q := $(if $(V),,@)
say = $(if $(V),@:,@printf '  %-7s %s\n' $(1) $(2))

# Shared folders become archives: a program links what it calls from them and nothing else. The rest is its own.
sources = $(sort $(filter-out %.bpf.c,$(wildcard src/$(1)/*.c src/$(1)/*/*.c)))
ROOMS   := core conf text interop common steer
ARCHIVES = $(ROOMS:%=$(B)/%.a)
DAEMON  := $(call sources,daemon)
CTL     := $(call sources,ctl)
UNIT    := $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/test_*.c)))

obj = $(patsubst %.c,$(B)/%.o,$(1))

# What shells complete, made by naclctl from its own tables.
COMPLETIONS := $(addprefix $(B)/completion/naclctl.,bash zsh fish)

.PHONY: all help clean
all: $(B)/nacld $(B)/naclctl $(COMPLETIONS) ## build nacld and naclctl into build/

DAEMON_LIBS := -lnetfilter_queue -lmnl -lconfig -ljansson -lsystemd -lseccomp -lpthread
$(B)/nacld: LIBS = $(DAEMON_LIBS)
$(B)/nacld: $(call obj,$(DAEMON)) $(ARCHIVES)
$(B)/naclctl: LIBS = -lmnl -lconfig -ljansson -lyaml -lbpf -lpcap -lz
$(B)/naclctl: $(call obj,$(CTL)) $(ARCHIVES)

# Archives use each other: the linker searches them until nothing is missing.
link = $(CC) $(CFLAGS) $(SAN) -pie -Wl,-z,relro,-z,now $(LDFLAGS) -o $@ \
	-Wl,--start-group $^ -Wl,--end-group $(LIBS)

$(B)/nacld $(B)/naclctl:
	$(call say,LINK,$@)
	$(Q)$(link)

$(COMPLETIONS): $(B)/completion/naclctl.%: $(B)/naclctl
	$(Q)mkdir -p $(@D)
	$(Q)$(RUN) $< completion $* >$@.new && mv $@.new $@

$(foreach room,$(ROOMS),$(eval $(B)/$(room).a: $(call obj,$(call sources,$(room)))))
$(ARCHIVES):
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) rcsD $@ $^

$(B)/%.o: %.c Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(COMPILE) -c -o $@ $<

# The accept filter, for the kernel's BPF: by clang alone, whatever compiles the rest; where it cannot, naclctl has none and
# says so. Never cpu v4: Linux 6.1 refuses it. -g: libbpf finds the maps by their types.
CLANG   ?= clang
BPF     := $(if $(shell $(CLANG) --target=bpf -mcpu=v3 -c -x c -o /dev/null /dev/null 2>/dev/null && echo yes),yes)
FILTER  := $(B)/src/steer/fastpath/accept.bpf.o
$(FILTER): src/steer/fastpath/accept.bpf.c Makefile
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) --target=bpf -mcpu=v3 -O2 -g -ffreestanding -Wall -Wextra $(WERROR) -Isrc \
		-I/usr/include/$(shell $(CC) -print-multiarch 2>/dev/null) -fdebug-compilation-dir=. -MMD -MP -c -o $@ $<
ifeq ($(BPF),yes)
$(B)/src/steer/fastpath/object.o: override CPPFLAGS += -DFASTPATH_OBJECT='"$(FILTER)"'
$(B)/src/steer/fastpath/object.o: $(FILTER)
endif

# One unit test, one program, and the few sources it needs.
RULES    := $(addprefix src/core/,acl.c rule.c addr.c)
CLASSIFY := $(call sources,core/classify) $(RULES)
POLICY   := $(addprefix src/core/,policy.c exempt/exempt.c) $(CLASSIFY)
SPACE    := $(call sources,core/space) $(CLASSIFY)
PARSER   := $(sort $(wildcard src/core/packet*.c)) src/core/addr.c

test_addr_SRC   := src/core/addr.c
test_packet_SRC := $(PARSER)
test_rule_SRC   := src/core/rule.c src/core/addr.c
test_acl_SRC    := $(RULES)
test_policy_SRC := $(POLICY)
test_edge_SRC   := src/core/way/walls.c $(addprefix src/daemon/path/,snapshot.c shared.c) $(POLICY)
test_image_SRC  := src/core/image/image.c $(POLICY)
test_advice_SRC := src/core/advice.c $(RULES)
test_fastpath_SRC := src/core/fastpath/build.c src/core/packet.c $(POLICY)

test_segments_SRC            := src/core/classify/segments.c src/core/rule.c src/core/addr.c
test_classify_SRC        := $(CLASSIFY)
test_classify_random_SRC := $(CLASSIFY)
test_classify_size_SRC   := $(CLASSIFY)
test_classify_size_LIBS  := -Wl,--wrap=malloc,--wrap=realloc

test_space_SRC := $(SPACE)
test_lint_SRC  := $(call sources,core/lint) $(call sources,core/space) src/core/clients.c src/core/advice.c $(POLICY)

test_packet_line_SRC    := src/text/packet_line.c $(POLICY)
test_log_line_SRC       := src/text/log_line.c
test_nft_SRC           := $(sort $(wildcard src/interop/nft/*.c)) $(POLICY)
PLAN                   := src/steer/plan.c src/core/fastpath/build.c
test_steer_plan_SRC    := $(PLAN) $(POLICY)
test_steer_iptables_SRC := $(addprefix src/steer/kernel/,iptables.c iptables_text.c) $(PLAN) $(POLICY)
test_steer_nft_SRC     := src/steer/kernel/nft.c $(PLAN) $(POLICY)
test_exempt_SRC        := $(addprefix src/steer/kernel/,nft.c iptables.c iptables_text.c) $(PLAN) $(test_nft_SRC)
test_steer_routes_SRC       := src/steer/routes/expand.c
test_features_SRC      := src/steer/unseen/features.c
test_nat_SRC := $(addprefix src/steer/nat/,saved.c ruleset.c match.c) src/core/addr.c
test_nat_LIBS := -ljansson
test_steer_ratelimit_SRC    := src/steer/watch/ratelimit.c
test_steer_order_SRC        := src/steer/kernel/order.c

test_state_SRC := src/ctl/state/fate.c

test_snapshot_SRC := $(addprefix src/daemon/path/,snapshot.c shared.c) $(POLICY)
test_batch_SRC    := src/daemon/path/batch.c
test_event_ring_SRC   := src/daemon/path/event_ring.c
test_sched_SRC := src/daemon/path/sched.c
test_poller_SRC := src/daemon/poller.c src/common/clock.c
test_poller_LIBS := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
DROPS := src/core/way/reply.c $(call sources,daemon/drops)
test_filter_SRC    := $(addprefix src/daemon/path/,filter.c batch.c snapshot.c shared.c event_ring.c flow_table.c) $(DROPS) $(POLICY) \
	$(filter-out src/core/addr.c,$(PARSER))
test_drop_table_SRC := $(DROPS) src/daemon/path/shared.c $(POLICY)
test_reply_SRC     := src/core/way/reply.c $(POLICY)

FLOWS := $(addprefix src/daemon/,path/flow_table.c path/shared.c flowlog/tables.c) src/text/flow_record.c src/core/flow_format.c $(POLICY)
test_flow_record_SRC     := src/text/flow_record.c src/core/flow_format.c src/core/addr.c
test_flow_table_SRC       := $(FLOWS)
test_flowlog_writer_SRC  := $(addprefix src/daemon/,flowlog/writer.c disk/flowfile.c) src/common/log.c $(FLOWS)
test_flowlog_window_SRC := src/daemon/flowlog/window.c src/common/clock.c $(test_flowlog_writer_SRC)

.SECONDEXPANSION:
$(UNIT:%=$(B)/unit/%): $(B)/unit/%: $(B)/tests/unit/%.o $$(call obj,$$($$*_SRC))
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(SAN) -pie $(LDFLAGS) -o $@ $^ -lcmocka $($*_LIBS)

-include $(shell find $(B) -path build/tools -prune -o -type f -name '*.d' -print 2>/dev/null)

.PHONY: demo lab learn
demo: ## the classic mistake on real packets: nginx, curl and nacld in two namespaces (STEP=1 waits for a key)
	$(Q)tests/deps build steer demo
	$(Q)$(MAKE) --no-print-directory all
	$(Q)STEP=$(STEP) tests/demo/run $(B)

lab: ## its network to stay in: shells, the lists in an editor, evaluated as you save (LAB=pair, router, nat)
	$(Q)tests/deps build steer demo
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/demo/run $(B) lab $(LAB)

learn: ## six lessons of five minutes on real packets (LESSON=3: that one); docs/lessons.md is the teacher's sheet
	$(Q)tests/deps build steer demo
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/demo/run $(B) learn $(LESSON)

# Tests. Each suite goes through tests/suite, which keeps its log and its counts.
.PHONY: lint check unit golden ctl layering libconfig e2e shellcheck mandoc-lint docs format-check format \
	interop pages systemd-check install-check update-golden check-vm deps summary
check: WERROR = -Werror
check: ## everything but the VM: build with -Werror, all suites, a summary
	$(Q)tests/deps build steer test package
	$(Q)rm -rf $(B)/results
	$(Q)$(MAKE) --no-print-directory WERROR=-Werror all
	$(Q)$(MAKE) --no-print-directory -k WERROR=-Werror unit golden ctl pages interop layering libconfig shellcheck mandoc-lint \
		docs format-check systemd-check install-check package instructions fuzz-smoke e2e; status=$$?; \
		tests/summary $(B)/results && exit $$status

deps: ## install what building, steering and testing need (Debian packages)
	$(Q)tests/deps build steer test

unit: $(UNIT:%=$(B)/unit/%) ## unit tests (cmocka)
	$(Q)status=0; for t in $^; do \
		tests/suite $(B)/results $$(basename $$t) $(RUN) $$t || status=1; done; exit $$status

ctl: all ## naclctl's commands: golden output, hard cases
	$(Q)tests/suite $(B)/results ctl tests/ctl/run $(B)

pages: all ## the pages of naclctl report, in a parser and in a browser
	$(Q)tests/suite $(B)/results pages tests/report/run $(B)

interop: all ## naclctl import and export: what other tools write and read
	$(Q)tests/suite $(B)/results interop tests/interop/run $(B)

golden: all ## configurations in, canonical text or exact errors out
	$(Q)tests/suite $(B)/results golden tests/golden/run $(B)

update-golden: all ## take the present output as right (read the diff!)
	$(Q)tests/golden/run --update $(B)
	$(Q)tests/ctl/run --update $(B)

libconfig: all ## one file, one firewall: with the libconfig of Debian 12, 13 and the next
	$(Q)tests/suite $(B)/results libconfig tests/libconfig/run $(B)

layering: all ## which folder may use which
	$(Q)tests/suite $(B)/results layering tests/layering $(B)

$(B)/bench/instructions: $(call obj,tests/bench/instructions.c $(test_filter_SRC))
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(SAN) -pie $(LDFLAGS) -o $@ $^

.PHONY: instructions
instructions: $(B)/bench/instructions ## instructions per packet, counted by callgrind
	$(Q)tests/suite $(B)/results instructions tests/bench/instructions $(B)

# Never with a sanitizer: it is loaded before everything else.
$(B)/tests/faults.so: tests/e2e/faults.c Makefile
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) $(WERROR) -O2 -fPIC -fno-builtin -shared -o $@ $<

# Has another process make a system call: for the test of the sandbox, which makes it where this has not.
$(B)/e2e/inject: $(B)/tests/e2e/inject.o
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(SAN) -pie $(LDFLAGS) -o $@ $^

E2E_PROGRAMS := $(addprefix $(B)/e2e/,nacld-poison nacld-hostile nacld-next nacld-steps numbered)
$(B)/e2e/nacld-poison: LIBS = $(DAEMON_LIBS) -Wl,--wrap=packet_parse
$(B)/e2e/nacld-poison: $(call obj,$(DAEMON) tests/e2e/poison.c) $(ARCHIVES)
$(B)/e2e/nacld-hostile: LIBS = $(DAEMON_LIBS) -Wl,--wrap=child_answer
$(B)/e2e/nacld-hostile: $(call obj,$(DAEMON) tests/e2e/hostile_child.c) $(ARCHIVES)
$(B)/e2e/nacld-next: LIBS = $(DAEMON_LIBS)
$(B)/e2e/nacld-next: $(call obj,$(filter-out src/daemon/path/batch.c,$(DAEMON)) tests/e2e/next.c) $(ARCHIVES)
STEPS := notify_send notify_send_fds queue_open queue_adopt queue_drop_one control_open control_close \
	sandbox_enter worker_start worker_stop queue_close flowlog_stop trial_save reload_swap
$(B)/e2e/nacld-steps: LIBS = $(DAEMON_LIBS) $(STEPS:%=-Wl,--wrap=%)
$(B)/e2e/nacld-steps: $(call obj,$(DAEMON) tests/e2e/steps.c) $(ARCHIVES)
$(B)/e2e/numbered: $(call obj,tests/e2e/numbered.c)
$(E2E_PROGRAMS):
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(link)

.PHONY: e2e-programs
e2e-programs: $(E2E_PROGRAMS) $(B)/e2e/inject $(B)/tests/faults.so

e2e: all e2e-programs ## real packets between namespaces
	$(Q)tests/suite $(B)/results e2e tests/e2e/run $(B)

shellcheck: ## the shell scripts
	$(Q)tests/suite $(B)/results shellcheck tests/lint shell

mandoc-lint: ## the man pages
	$(Q)tests/suite $(B)/results mandoc tests/lint man

# A folder has this name too.
.PHONY: docs
docs: all ## the documentation against the programs
	$(Q)tests/suite $(B)/results docs tests/docs/run $(B)

lint: ## clang-tidy, gcc -fanalyzer, cppcheck and scan-build: no finding (a few minutes)
	$(Q)tests/deps build test
	$(Q)MAKE=$(MAKE) tests/suite $(B)/results static tests/lint static

format-check: ## formatting, against .clang-format
	$(Q)tests/suite $(B)/results format tests/lint format

format: ## apply .clang-format
	$(Q)clang-format -i $$(git ls-files '*.c' '*.h')

systemd-check: ## unit files: syntax and exposure
	$(Q)tests/suite $(B)/results systemd tests/lint systemd

install-check: all ## what `make install` and `make uninstall` do, in a folder of their own
	$(Q)tests/suite $(B)/results install tests/install $(B)

check-vm: WERROR = -Werror
check-vm: all e2e-programs ## real systemd and nft queue, in a virtual machine
	$(Q)tests/deps build vm
	$(Q)tests/suite $(B)/results vm tests/vm/run $(B)

.PHONY: check-vm-all
check-vm-all: ## the same, also with the newest kernel, and in Debian's next release with its systemd (an hour or two)
	$(Q)NACLD_VM_ALL=1 $(MAKE) --no-print-directory check-vm
	$(Q)tests/root sid make check-vm

summary:
	$(Q)tests/summary $(B)/results

.PHONY: bench-classify
bench-classify: $(B)/bench/classify ## the compiled classifier: lookups, build time, memory
	$(Q)$<

# librte_acl (libdpdk-dev) is a yardstick where it is installed, and nothing needs it.
BENCH_DPDK := $(if $(shell pkg-config --exists libdpdk 2>/dev/null && echo yes),dpdk,dpdk_none)
$(B)/tests/bench/linear.o: override CFLAGS += -O3 -march=native
$(B)/tests/bench/dpdk.o: override CFLAGS += -march=native
$(B)/tests/bench/dpdk.o: override CPPFLAGS += $(shell pkg-config --cflags libdpdk 2>/dev/null)
$(B)/bench/classify: LIBS = $(if $(filter dpdk,$(BENCH_DPDK)),-lrte_acl -lrte_eal)
$(B)/bench/classify: $(call obj,$(patsubst %,tests/bench/%.c,classify rulegen linear $(BENCH_DPDK)))
$(B)/bench/classify: $(call obj,$(CLASSIFY))
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(SAN) -pie $(LDFLAGS) -o $@ $^ $(LIBS)

# The fuzz targets want clang and its flags: tests/fuzz/run calls this with them, and B=build/fuzz.
FUZZ := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
fuzz_control_SRC := $(filter-out src/daemon/main.c,$(DAEMON))
fuzz_answer_SRC  := src/ctl/state/answer.c src/ctl/show/text.c src/ctl/describe.c src/ctl/term.c
fuzz_batch_SRC   := $(addprefix src/daemon/path/,filter.c batch.c snapshot.c shared.c event_ring.c flow_table.c) \
	$(call sources,daemon/drops)

$(B)/tests/fuzz/%.o: override CPPFLAGS += -Itests
$(FUZZ:%=$(B)/fuzz_%): $(B)/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $$(call obj,$$(fuzz_$$*_SRC)) $(ARCHIVES)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SAN) -fsanitize=fuzzer -o $@ -Wl,--start-group $^ -Wl,--end-group \
		-lconfig -ljansson -lyaml -lnetfilter_queue -lmnl -lsystemd -lseccomp -lpthread

$(B)/seed: $(call obj,tests/fuzz/seed.c)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(filter-out fuzzer%,$(SAN)) -o $@ $^

.PHONY: fuzz-programs fuzz-smoke fuzz
fuzz-programs: $(FUZZ:%=$(B)/fuzz_%) $(B)/seed

fuzz-smoke: ## the fuzz targets, 15 seconds each
	$(Q)MAKE=$(MAKE) tests/suite $(B)/results fuzz tests/fuzz/run 15

fuzz: ## the fuzz targets for MINUTES= each (10), continuing from the corpus found before
	$(Q)MAKE=$(MAKE) FUZZ_KEEP=1 tests/fuzz/run $$(($(or $(MINUTES),10) * 60))

.PHONY: afl
afl: ## the importers' fuzz target under AFL++ for MINUTES= (10); needs Debian's afl++
	$(Q)tests/deps build afl
	$(Q)MAKE=$(MAKE) tests/suite $(B)/results afl tests/fuzz/afl $(or $(MINUTES),10)

.PHONY: soak
soak: all $(B)/tests/faults.so ## load, reloads, requests and the flow log for MINUTES= (5): does anything grow?
	$(Q)NACLD_SOAK_SECONDS=$$(($(or $(MINUTES),5) * 60)) tests/suite $(B)/results soak \
		tests/e2e/run $(B) test_soak.py -s

.PHONY: coverage proof
coverage: ## how much of the packet parser its tests run: at least 98 % of the lines
	$(Q)MAKE=$(MAKE) tests/suite $(B)/results coverage tests/coverage

proof: ## the model checker: what is true of every input (about ten minutes)
	$(Q)tests/suite $(B)/results proof tests/proof/run

.PHONY: san
san: ## unit and e2e tests under ASan and UBSan
	$(Q)$(MAKE) --no-print-directory B=build/san WERROR=-Werror \
		SAN="-fsanitize=address,undefined -fno-sanitize-recover=all" HARDEN=-fPIE unit e2e
	$(Q)tests/summary build/san/results

BENCH := loops flood pingpong gaps
$(B)/bench/loops: BENCH_LIBS = -lnetfilter_queue -lmnl
$(BENCH:%=$(B)/bench/%): $(B)/bench/%: $(B)/tests/bench/%.o
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -pie $(LDFLAGS) -o $@ $^ $(BENCH_LIBS)

.PHONY: bench
bench: all $(BENCH:%=$(B)/bench/%) ## what a verdict costs, compared with loops that filter nothing (root)
	$(Q)tests/deps build steer test
	$(Q)tests/bench/bench.py $(B) --json $(B)/bench/results.json $(BENCH_ARGS)

.PHONY: bench-report
bench-report: ## draw the last bench: docs/bench.svg
	$(Q)tests/bench/report.py $(B)/bench/results.json docs/bench.svg

# Installed, and nothing else: no account is created, no service enabled or started. The units name the programs where
# PREFIX puts them. A configuration that is there already is the host's own and stays.
BIN    = $(DESTDIR)$(PREFIX)/bin
SBIN   = $(DESTDIR)$(PREFIX)/sbin
UNITS  = $(DESTDIR)$(PREFIX)/lib/systemd/system
SHARE  = $(DESTDIR)$(PREFIX)/share
DOC    = $(SHARE)/doc/nacld
ETC    = $(DESTDIR)/etc/nacld
# Where Debian's zsh looks: for packages, and for what is local.
ZSH    = $(SHARE)/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
CONFIG = $(ETC)/nacld.conf
MAN    = $(wildcard docs/*.[1-8])
man_path = $(SHARE)/man/man$(subst .,,$(suffix $(1)))/$(notdir $(1))
SERVICES = nacld.service nacld-steering.service nacld-watch.service nacld-metrics.service nacld-metrics.timer
INSTALLED = $(SBIN)/nacld $(BIN)/naclctl $(addprefix $(UNITS)/,$(SERVICES)) \
	$(DESTDIR)$(PREFIX)/lib/sysusers.d/nacld.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/nacld.conf \
	$(DESTDIR)$(PREFIX)/lib/systemd/catalog/nacld.catalog \
	$(DESTDIR)/etc/logrotate.d/nacld \
	$(SHARE)/bash-completion/completions/naclctl $(ZSH)/_naclctl \
	$(SHARE)/fish/vendor_completions.d/naclctl.fish $(foreach page,$(MAN),$(call man_path,$(page)))

.PHONY: deb package
deb: ## Debian packages of this tree, for this release, into build/deb/
	$(Q)tests/deps build test package
	$(Q)debian/build $(B)/deb
	$(Q)ls $(B)/deb/*.deb

package: all ## the Debian package: built twice to the same bytes, its files, lintian; the rpm spec file
	$(Q)tests/deps package
	$(Q)tests/suite $(B)/results package tests/package $(B)

.PHONY: install uninstall
install: all ## into DESTDIR and PREFIX (/usr): installed, not enabled
	$(Q)install -d $(BIN) $(SBIN) $(UNITS) $(ETC) $(DOC)/examples
	$(Q)install -m 755 $(B)/nacld $(SBIN)
	$(Q)install -m 755 $(B)/naclctl $(BIN)
	$(Q)for unit in $(SERVICES); do \
		sed 's|\([= ]\)/usr/\(s*bin\)/|\1$(PREFIX)/\2/|g' systemd/$$unit | \
		install -m 644 /dev/stdin $(UNITS)/$$unit || exit; done
	$(Q)install -D -m 644 systemd/nacld.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/nacld.conf
	$(Q)install -D -m 644 systemd/nacld.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/nacld.conf
	$(Q)install -D -m 644 systemd/nacld.catalog $(DESTDIR)$(PREFIX)/lib/systemd/catalog/nacld.catalog
	$(Q)install -m 644 conf/nacld.conf conf/nacld.packets conf/examples/* conf/prometheus/* $(DOC)/examples
	$(Q)install -D -m 644 conf/logrotate $(DESTDIR)/etc/logrotate.d/nacld
	$(Q)install -D -m 644 $(B)/completion/naclctl.bash $(SHARE)/bash-completion/completions/naclctl
	$(Q)install -D -m 644 $(B)/completion/naclctl.zsh $(ZSH)/_naclctl
	$(Q)install -D -m 644 $(B)/completion/naclctl.fish $(SHARE)/fish/vendor_completions.d/naclctl.fish
	$(Q)$(foreach page,$(MAN),install -D -m 644 $(page) $(call man_path,$(page)) &&) true
	$(Q)if [ -e $(CONFIG) ]; then echo "kept $(CONFIG)"; \
		else install -m 644 conf/nacld.conf $(CONFIG); fi
	$(Q)[ -n "$(DESTDIR)" ] || printf '%s\n' "Installed, not enabled. Next:" \
		"  systemd-sysusers && systemctl daemon-reload    the account and the units" \
		"  journalctl --update-catalog                    what alarms mean: journalctl -x" \
		"  naclctl check                                  is $(CONFIG) what you want?" \
		"  systemctl enable --now nacld                   now and at every boot"

# Never under a running daemon: its steering would stay and could cut the host off.
uninstall: ## what install put there; /etc/nacld, /var/lib/nacld and /var/log/nacld stay
	$(Q)if [ -z "$(DESTDIR)" ] && { systemctl -q is-active nacld || systemctl -q is-active nacld-steering; }; \
		then echo "nacld is running; first: systemctl disable --now nacld" >&2; exit 1; fi
	$(Q)rm -f $(INSTALLED)
	$(Q)rm -rf $(DOC)

clean: ## remove build/
	rm -rf $(B)

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort -u | \
		while IFS="$$(printf '\t')" read -r t h; do printf '  make %-14s %s\n' "$$t" "$$h"; done
