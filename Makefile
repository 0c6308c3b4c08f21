# "make demo" shows the program, "make test" proves it, "make bench" measures it.

GO      ?= go
BIN     := bin/slipway
# The packages without an engine: cheap enough to run under the race detector.
PURE    := ./changelog/... ./deb822/... ./config/... ./jinja/... ./template/... ./recipe/... ./fleet/... ./plan/... ./registry/... ./store/journal/...

.PHONY: compat all build demo demo-clean deps test prove lint cross race bench fuzz clean

all: build

build:
	$(GO) build -o $(BIN) ./cmd/slipway

demo:
	hack/demo

demo-clean:
	hack/demo clean

deps:
	hack/install-deps

lint:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "gofmt -l: $$unformatted"; exit 1; }
	$(GO) vet ./...
	shellcheck hack/* $$(git ls-files 'examples/*test.sh')

# No embedded engine there; everything else must compile.
cross:
	GOOS=darwin GOARCH=arm64 CGO_ENABLED=0 $(GO) build -o /dev/null ./cmd/slipway

race:
	$(GO) test -race $(PURE)

test: deps lint cross race
	$(GO) test -timeout 40m ./...

# What is too long for every run: three quarters of an hour. Its last figures are in docs/proofs.md.
prove: deps
	hack/prove

bench: deps build
	hack/bench

# A minute for each target: hack/fuzz SECONDS for more or less.
fuzz:
	hack/fuzz

# Side by side with docker-pkg: make compat FLEET=dir CONFIG=file DOCKER_PKG=checkout
compat:
	@GO='$(GO)' FLEET='$(FLEET)' CONFIG='$(CONFIG)' DOCKER_PKG='$(DOCKER_PKG)' hack/compat

clean:
	rm -rf bin
