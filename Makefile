# Everything that one does here more than once. `make` lists it.
MVN := .ci/mvn

.DEFAULT_GOAL := help
.PHONY: help demo demo-down test test-faults fuzz bench build images docs format lint clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## watch a real cluster migrate a real database, up and down (needs Docker)
	@demo/run

demo-down: ## remove everything that make demo made
	@demo/down

test: ## run all tests: units, databases, the runner, the system in a cluster
	@.ci/test

fuzz: ## write what strangers could write, for five minutes a target
	@.ci/fuzz 300

test-faults: ## every case of every fault, of which test plays a sample
	@.ci/test-faults

bench: ## measure, and write docs/benchmarks.md and docs/benchmarks.json
	@bench/run

build: ## compile, check and package, without the tests that need Docker
	$(MVN) package

images: ## build both images: the operator's and the example migrations
	@demo/images

docs: ## write the tables of docs from the CRDs and the reasons
	$(MVN) --quiet test -Dtest=ReferencePageTest -Ddocs.write=true

format: ## format all sources
	$(MVN) --quiet spotless:apply
	.ci/ruff --fix

lint: ## check formatting and style of all sources
	$(MVN) --quiet spotless:check
	.ci/ruff

clean: ## remove what the build made; keeps downloads and virtual environments
	rm -rf target
