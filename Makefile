# The daily commands. `make run` and `make test` also install what is missing (Debian 12 or Ubuntu 24.04, as root or with sudo).
# MUSHIR_GRPC=pinned makes each of them use the pinned gRPC core instead of the distribution's (docs/adr/0032).
JOBS ?= $(shell nproc)
export PORT ?= 6789
export REGISTRY ?= localhost
PREFIX ?= /usr/local
export JOBS

.DEFAULT_GOAL := build
.PHONY: help build install run test unit mutations attacks bench wheel quality quality-run images push manifests release test-images format docs clean

help: ## Show these lines
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

build: ## Compile every program to build/bin
	cmake --preset release -DMUSHIR_GRPC=$(or $(MUSHIR_GRPC),system)
	cmake --build build -j $(JOBS)

install: ## Put programs, manual pages and completions into PREFIX=/usr/local; DESTDIR=... before it
	cmake --install build --prefix $(PREFIX) --strip

run: ## Install, build, start the services, tune the examples; KEEP=1 leaves the services running, PORT=6789 is the first port
	@tools/install build run
	@tools/build
	@tools/run

test: ## Install, build and run every test; exit status 0 only when all of them pass
	@tools/install build test
	@tools/test

unit: build ## The unit tests alone
	ctest --test-dir build -j $(JOBS) --output-on-failure

mutations: ## Break the rules of tests/mutations one at a time and see whether a unit test notices; some hours
	tests/mutations/run.py

attacks: build ## Every attack of tests/attacks for a minute, and a table of how it was borne; SECONDS_EACH=60
	/usr/bin/python3 tests/attacks/run.py --seconds $(or $(SECONDS_EACH),60)

bench: build ## Latency and throughput next to a bare echo server, start, memory
	cmake --build build --target bench

wheel: ## The Python package with mushir-all inside, as a wheel in build/
	@tools/install build wheel
	@tools/build
	@tools/wheel

quality: ## One page about how good suggestions are, from stored runs
	/usr/bin/python3 bench/quality/quality.py

quality-run: build ## The same from new runs, which are stored; about a quarter of an hour
	/usr/bin/python3 bench/quality/quality.py --run build/bin

images: ## Build one container image per service: localhost/mushir-<service>; REGISTRY=... names another place
	@tools/images

push: ## Push these images, and note their digests
	@tools/push

release: build ## Source, programs, Debian package and chart with their checksums to build/release
	@tools/release

manifests: ## Write deploy/ to build/deploy with REGISTRY's images, by digest once they were pushed
	@tools/manifests

test-images: build ## Run each image under Katib's default limits
	@tools/test images

format: ## Lay out every C file that git knows
	@tools/style format

docs: build ## Put the settings that the services print into their READMEs, and draw README's pictures
	tests/style/settings.py --write
	tools/pictures

clean: ## Remove build/
	rm -rf build
