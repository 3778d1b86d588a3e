# The verbs of the project; `make help` lists them. Everything is built without cgo.
export CGO_ENABLED := 0

BIN   := .cache/bin
# Packages tested and built at once: two suit a small machine and leave the database its share.
JOBS  ?= 2
# More for `make test`, such as ARGS='-run TestDesk -count=1', and the packages it is about.
ARGS  ?=
PKG   ?= ./...
# The proof for `make prove`, how many runs of it, or the seed of the one run to repeat.
PROOF ?=
RUNS  ?= 0
SEED  ?= 0
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

.DEFAULT_GOAL := help
.PHONY: help run build test prove check bench gen tools \
	check-format check-lint check-vet check-arch check-dead check-gen check-mod check-vuln

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## start the server with a demo world on 127.0.0.1:8080, data in ./data
	bin/holdfast serve --demo --data data

build: ## build bin/holdfast
	go build -trimpath -ldflags "-X holdfast/internal/telemetry.version=$(VERSION)" -o bin/holdfast ./cmd/holdfast

test: ## run every test on real engines (ARGS='-run X', PKG=./stock/...)
	@mkdir -p $(BIN)
	@go build -o $(BIN)/engines ./test/engine/cmd/engines
	$(BIN)/engines -- go test -timeout 20m -p $(JOBS) $(ARGS) $(PKG)

prove: ## run the long form of a proof (PROOF=sim RUNS=20000 or SEED=77); without PROOF, list them
	@mkdir -p $(BIN)
	@go build -o $(BIN)/engines ./test/engine/cmd/engines
	@$(if $(PROOF),$(BIN)/engines --) go run ./test/prove --runs $(RUNS) --seed $(SEED) $(PROOF)

check: tools ## format, lint, vet, import ladder, dead code, generated files, modules, known vulnerabilities
	@$(MAKE) --no-print-directory --keep-going \
		check-format check-lint check-vet check-arch check-dead check-gen check-mod check-vuln

bench: ## measure against the peers of docs/benchmarks.md, in short form
	@mkdir -p $(BIN)
	@go build -o $(BIN)/engines ./test/engine/cmd/engines
	$(BIN)/engines -- go run ./test/load all --short

gen: tools ## make generated files anew
	PATH="$(CURDIR)/$(BIN):$$PATH" go generate ./...

# The steps of check. Each prints what is wrong and nothing else.

check-format:
	@echo "check: format"; files=$$($(BIN)/gofumpt -l .) || exit 1; \
	test -z "$$files" || { $(BIN)/gofumpt -d $$files; echo "run: $(BIN)/gofumpt -w ." ; exit 1; }

check-lint:
	@echo "check: lint"; $(BIN)/golangci-lint run --concurrency $(JOBS) ./...

check-vet:
	@echo "check: vet"; go vet ./...

check-arch:
	@echo "check: import ladder"; go test -count=1 ./test/arch

check-dead:
	@echo "check: dead code"; tools/dead.sh $(BIN)

check-gen:
	@echo "check: generated files"; tools/fresh.sh $(MAKE)

check-mod:
	@echo "check: modules"; go mod verify && cd tools && go mod verify

check-vuln:
	@echo "check: vulnerabilities"; tools/vulnerable.sh $(BIN)

# The tools are built once for each tools/go.mod; a change of it, or of the toolchain, builds them again.
TOOLS := $(BIN)/tools-$(shell { cat tools/go.mod tools/go.sum; go env GOVERSION; } | cksum | cut -d' ' -f1)

tools: $(TOOLS)

$(TOOLS):
	@echo "building the tools of tools/go.mod (once, some minutes)"; mkdir -p $(BIN); rm -f $(BIN)/tools-*
	@cd tools && go build -o ../$(BIN)/ tool
	@touch $@
