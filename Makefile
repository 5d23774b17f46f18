# Racewindow. `make help` lists the targets. Needs Go, a C compiler (for -race) and make, nothing else.

GO         ?= go
RACEWINDOW  = $(GO) run ./harness/cmd/racewindow
GOROUTINES ?= 10000
DURATION   ?= 30s
CASES      ?= 2000
HANDOVER   ?=
SEED       ?=
SEEDS      ?=
RUN        ?=
OUT        ?= out
FOR        ?= 10m
STRESS      = $(if $(HANDOVER),--handover $(HANDOVER)) $(if $(SEED),--seed $(SEED))
GOFUMPT     = $(GO) run mvdan.cc/gofumpt@v0.12.0
STATICCHECK = $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2

.DEFAULT_GOAL := help
.PHONY: help build test test-plain properties explore verify crash stress stress-short mutants weaken durability defaults soak hostile examples adapters adapters-short pushbutton unmarked runtime-tests goker runtime-short runtime-versions race-to-bug first-report alone false-alarms history bench bench-quick bench-sched bench-explore gallery test-browser lint format clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## the instrumented command, bin/racewindow
	$(RACEWINDOW) build -o bin/racewindow ./harness/cmd/racewindow

bin/racewindow-race: FORCE
	@$(RACEWINDOW) build -race -o $@ ./harness/cmd/racewindow
FORCE:

# Packages with tests that look between two threads, which cannot be under -race.
BETWEEN_THREADS := ./harness ./harness/explore ./harness/object ./harness/report ./harness/sched ./harness/shrink \
	./harness/subjects/log ./harness/subjects/registry ./scripts/faults

# Of these, packages whose tests plain go test has run whole before, as CI does: they need no failpoints, and -short leaves nothing out.
PLAIN_RAN ?=

test: ## every test, under -race and with failpoints at work
	RACEWINDOW_REQUIRE_INSTRUMENTED=1 RACEWINDOW_OUT=$(abspath $(OUT))/tests $(RACEWINDOW) test -race -vet=off -timeout 20m ./...
	RACEWINDOW_REQUIRE_INSTRUMENTED=1 $(RACEWINDOW) test -vet=off -timeout 20m $(filter-out $(PLAIN_RAN),$(BETWEEN_THREADS))

test-plain: ## every test in a normal build; says which need the instrumented one
	$(GO) test ./...

bin/properties-race.test: FORCE
	@$(RACEWINDOW) test -race -c -o $@ ./properties

properties: bin/properties-race.test ## more cases than make test, shrunk where one breaks a promise: CASES= SEED= SEEDS= RUN=
	@cd properties && RACEWINDOW_REQUIRE_INSTRUMENTED=1 RACEWINDOW_OUT=$(abspath $(OUT))/properties \
	../bin/properties-race.test -test.timeout 2h -racewindow.progress -racewindow.cases $(CASES) \
	$(if $(SEED),-racewindow.seed $(SEED)) $(if $(SEEDS),-racewindow.seeds $(SEEDS)) $(if $(RUN),-test.run '$(RUN)')

explore: build ## one thread at a time: random programs, and the schedules of each: HANDOVER= SEED=
	@bin/racewindow explore --budget $(DURATION) --out $(OUT)/explore $(STRESS)

verify: build ## the analysis's statements, and read-after-write, exhaustively for small programs
	@bin/racewindow verify --preemptions 2

crash: build ## a loss of power at every step of every schedule, faults, and what each fault was held against
	@bin/racewindow explore --crash --model weak --faults 2 --budget $(DURATION) --out $(OUT)/crash $(STRESS)
	@$(RACEWINDOW) run ./scripts/faults -check scripts/faults/README.md

stress: bin/racewindow-race ## find the known bug, 10,000 goroutines under -race, 500 cases a property: HANDOVER= GOROUTINES= DURATION= SEED=
	@bin/racewindow-race stress --goroutines $(GOROUTINES) --duration $(DURATION) --out $(OUT)/stress $(STRESS)
	@$(MAKE) --no-print-directory properties CASES=500

stress-short: bin/racewindow-race ## find the known bug, and 5,000 goroutines for a few seconds, for CI
	@bin/racewindow-race stress --goroutines 5000 --duration 10s --out $(OUT)/stress $(STRESS)

mutants: ## plant small bugs in the engine, one at a time, and see which strategy finds each: SEEDS= RUN= STRATEGIES=
	$(GO) run ./scripts/mutants --out $(OUT)/mutants $(if $(SEEDS),--seeds $(SEEDS)) $(if $(RUN),--run '$(RUN)') $(if $(STRATEGIES),--strategies $(STRATEGIES))

weaken: ## which syncs, checksums and error checks of the engine would no test miss?
	$(GO) run ./harness/cmd/racewindow test --weaken --known storage/weaken.txt ./storage ./storage/disk

durability: ## plant bugs that lose data in crashes and on bad disks, and find each by exploring: RUN= DRAWN=30s CHECK=1
	$(GO) run ./scripts/mutants/durability $(if $(RUN),-run '$(RUN)') $(if $(DRAWN),-drawn $(DRAWN)) \
	$(if $(CHECK),-check scripts/mutants/durability/README.md)

defaults: ## plant bugs and look for each as a user would, with the detectors' defaults: RUN= DETECTORS= ALL=1 README= CHECK=1
	$(GO) run ./scripts/mutants/defaults $(if $(RUN),-run '$(RUN)') $(if $(DETECTORS),-detectors '$(DETECTORS)') $(if $(ALL),-all) $(if $(README),-readme $(README)) $(if $(CHECK),-check scripts/mutants/defaults/README.md)

soak: build bin/racewindow-race bin/properties-race.test ## everything in turn, resumable; a campaign lies in OUT/soak: FOR= SEED=
	@bin/racewindow soak --for $(FOR) --out $(OUT)/soak $(if $(SEED),--seed $(SEED))

hostile: ## wrong calls, lost files and green lights for nothing: each must end as its table says: RUN= SHORT=1
	@$(GO) run ./scripts/hostile $(if $(SHORT),-short) $(if $(RUN),-run '$(RUN)')

examples: ## the subjects of harness/examples as a stranger tries them: find the bug, replay it, hold without it: RUN=
	@cd harness/examples && $(GO) vet ./... && $(GO) test -vet=off -short ./...
	@$(GO) run ./scripts/examples -check harness/examples/README.md $(if $(RUN),-run '$(RUN)')

adapters: ## engines of others, each tried in every way; makes rows of the table of harness/adapters: RUN= README= CHECK=1
	$(GO) run ./scripts/adapters $(if $(RUN),-run '$(RUN)') $(if $(README),-readme $(README)) $(if $(CHECK),-check harness/adapters/README.md)

adapters-short: build ## engines of others: those with few dependencies hold while clients meet, and lose what their findings say
	rm -rf harness/adapters/*/testdata/racewindow
	cd harness/adapters && $(GO) vet . ./bbolt ./tidwall ./timetobug ./findings/... && $(GO) test -vet=off -short . ./bbolt ./tidwall ./timetobug
	cd harness/adapters && ../../bin/racewindow explore --seed 1 --schedules 200 ./bbolt ./tidwall
	cd harness/adapters && for engine in bbolt tidwall; do \
	../../bin/racewindow crash --seed 1 --schedules 20 ./$$engine; [ $$? -eq 1 ] || { echo "crash ./$$engine has not found it"; exit 1; }; \
	$(GO) run ./findings/$$engine; [ $$? -eq 1 ] || { echo "findings/$$engine is no finding any more"; exit 1; }; done

pushbutton: ## the tests of modules that other people wrote, explored as they are: RUN=, WHAT=existing|planted|promises
	$(GO) run ./scripts/pushbutton $(if $(RUN),-run '$(RUN)') $(if $(WHAT),-what $(WHAT))

unmarked: ## the engine's hand-overs explored without their markers, beside the marked build
	$(GO) run ./scripts/unmarked

runtime-tests: ## Go's own tests of what the runtime with hooks changes, on it: RUN=sync,time
	$(GO) run ./scripts/runtimetests $(if $(RUN),-run '$(RUN)')

goker: ## the 63 real deadlocks and leaks that come with Go, found as plain tests, and fixes that hold: RUN= AGAIN= README= CHECK=1
	$(GO) run ./scripts/goker $(if $(RUN),-run '$(RUN)') $(if $(AGAIN),-again $(AGAIN)) $(if $(README),-readme $(README)) \
	$(if $(CHECK),-check scripts/goker/README.md)

history: ## bugs that popular Go modules really had: found by the default commands, held once mended; needs the network: RUN= SHORT=1 README= CHECK=1
	$(GO) run ./scripts/history $(if $(RUN),-run '$(RUN)') $(if $(SHORT),-short) $(if $(README),-readme $(README)) \
	$(if $(CHECK),-check scripts/history/README.md)

runtime-short: ## the same for CI, on the installed Go, and whether each change fits the other versions that are supported, and compiles there
	$(GO) run ./scripts/runtimetests -short
	$(GO) run ./scripts/runtimetests -fit -go $(GO_VERSIONS)
	$(GO) run ./scripts/runtimetests -fit -arch arm64

# A release of each minor version of Go that has a runtime with hooks.
GO_VERSIONS ?= go1.25.14,go1.26.8,go1.27.4

runtime-versions: ## Go's own tests and those of plain tests on each supported version of Go, and a build for arm64: takes long
	$(GO) run ./scripts/runtimetests -go $(GO_VERSIONS)
	for v in $$(echo $(GO_VERSIONS) | tr , ' '); do RACEWINDOW_TEST_GO=$$v $(GO) test -count=1 ./harness/plain || exit 1; done
	$(GO) run ./scripts/alone -run '^releases$$'
	$(GO) run ./scripts/runtimetests -arch arm64

race-to-bug: ## how many schedules each strategy needs to find each bug, beside plain goroutines and random sleeps: PLANTED=1 SEEDS= RUN= STRATEGIES= FREE_SEEDS= README= CHECK=1 PLOT=FILE.svg
	$(RACEWINDOW) run ./scripts/racetobug $(if $(PLANTED),-planted) $(if $(SEEDS),-seeds $(SEEDS)) $(if $(RUN),-only '$(RUN)') $(if $(STRATEGIES),-columns '$(STRATEGIES)') $(if $(FREE_SEEDS),-free-seeds $(FREE_SEEDS)) \
	$(if $(README),-readme $(README)) $(if $(CHECK),-check harness/sched/README.md)
	$(if $(PLOT),cd harness/adapters && $(GO) run ./timetobug ../sched/README.md $(abspath $(PLOT)))

first-report: ## what a stranger does first, timed, from go mod init to the first report, and that Go's own commands notice nothing
	@$(GO) run ./scripts/firstreport

alone: ## explore leaves modules of all shapes alone: vendored, workspaces, old, interrupted, read-only: RUN= SHORT=1
	$(GO) run ./scripts/alone $(if $(SHORT),-short) $(if $(RUN),-run '$(RUN)')

FALSE_ALARMS ?= ^example golang.org/x/sync conc($$|/iter|/panics|/stream) conc/pool

false-alarms: ## other people's modules without a data race, explored under the race detector, in pieces: RUN= SCHEDULES= EACH=15s README=
	for piece in $(if $(RUN),'$(RUN)',$(foreach p,$(FALSE_ALARMS),'$(p)')); do $(GO) run ./scripts/falsealarms -run "$$piece" \
	$(if $(SCHEDULES),-schedules $(SCHEDULES)) $(if $(EACH),-each $(EACH)) $(if $(README),-readme $(README)) || exit 1; done

BENCH = mkdir -p bin $(OUT) && cd harness/adapters && $(GO) build -o $(abspath bin)/bench ./bench && $(abspath bin)/bench \
	$(if $(ONLY),--only $(ONLY)) $(if $(COMPARE),--compare $(COMPARE))

bench: ## speed of the engine beside bare file I/O and engines of others, in turns: ONLY=engine,pebble COMPARE=REVISION ARGS='--logs 1000'
	@$(BENCH) --json $(abspath $(OUT))/bench.json --plots $(abspath $(OUT))/bench $(ARGS)

bench-quick: ## the same in about a minute
	@$(BENCH) --quick $(ARGS)

bench-sched: ## schedules a second, and what a choice and a switch cost beside a bare coroutine switch
	$(GO) test -run '^$$' -bench . ./harness/sched
	$(RACEWINDOW) test -run '^$$' -bench Reference ./harness/subjects/log
	$(RACEWINDOW) test -run '^$$' -bench Minimize -benchtime 1x ./harness/shrink

bench-explore: ## plain tests: schedules for each second of processor time, and what a choice and a replay cost: RUN= AGAINST=REVISION
	@$(GO) run ./scripts/benchexplore $(if $(RUN),-run '$(RUN)') $(if $(AGAINST),-against $(AGAINST))

gallery: ## a page for the analysed bug and for each of its fixes, properties/gallery/index.html
	$(RACEWINDOW) run ./scripts/gallery properties/gallery

test-browser: ## a report's page and a campaign's in a real browser: needs Chromium, and skips without it
	cd harness/browsertest && $(GO) vet ./... && $(GO) test -vet=off -count=1 ./...

lint: ## formatting, vet, staticcheck, and a failpoint before every operation on shared state
	@unformatted=$$($(GOFUMPT) -l $$(git ls-files '*.go' | grep -v /testdata/)); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run 'make format': $$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(STATICCHECK) ./...
	$(GO) run ./failpoints/yieldcheck/cmd/yieldcheck -test=false -shared github.com/racewindow/racewindow/storage/disk.Disk,github.com/racewindow/racewindow/storage/disk.File ./storage ./harness/subjects/registry

format: ## rewrite the sources as gofumpt wants them
	$(GOFUMPT) -w $$(git ls-files '*.go' | grep -v /testdata/)

clean: ## remove what was built and reported
	rm -rf bin out
