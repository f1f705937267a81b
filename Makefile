# SPDX-License-Identifier: GPL-3.0-or-later
# `make demo` and `make test` need nothing set up before them: they prepare the machine themselves.

SHELL := /bin/bash
RUN := tests/testbed/run
# With a testbed of its own, which is removed at the end.
OWN := $(RUN) python -m testbed own
SCENARIO ?=
PLATFORMS ?=
MTA ?= postfix
CASE ?=
AWS ?=

.PHONY: help demo test checks lint unit system molecule faults oldest versions versions_hosts versions_cores versions_newest versions_pythons build package docs pictures bench clean setup python
.DEFAULT_GOAL := help

help: ## what can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## prepare this machine: Python environment, container engine
	@tests/testbed/setup

python: ## the Python environment alone
	@tests/testbed/setup python

demo: setup ## a relay from nothing to a delivered mail, without an account at AWS; MTA=sendmail for the other one, AWS=1 from an empty account on
	@TESTBED_EXEC=engine $(RUN) python -m demo $(MTA) $(if $(AWS),--aws)

test: setup ## everything that CI runs; the scenarios wait a lot, so the rest runs beside them
	@echo "Checks and scenarios run side by side; each prints what it did when it ends."
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=recurse checks molecule || { tests/testbed/failed; exit 1; }

checks: # one after the other; a number that was given is the scenarios'
	@MAKEFLAGS=$(findstring n,$(firstword -$(MAKEFLAGS))) TESTBED= tests/testbed/logged checks \
		$(MAKE) --no-print-directory lint unit package system oldest

lint: python ## style and structure
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(RUN) yamllint --strict .
	$(RUN) ansible-lint --offline --profile production
	$(RUN) antsibull-changelog lint
	$(RUN) antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs all --disallow-unknown-collection-refs .
	$(RUN) tests/ansible_test sanity

unit: python ## unit tests
	$(RUN) pytest

system: ## tests that need root's networks and a browser
	@tests/testbed/setup system
	$(OWN) pytest tests/system

molecule: setup ## scenarios in containers; SCENARIO=name runs one, PLATFORMS=all those systems that have to be pulled
	@case "$(PLATFORMS)" in "" | all) ;; *) echo "PLATFORMS $(PLATFORMS): make molecule takes all, or none" >&2; exit 2 ;; esac
	@test -z "$(PLATFORMS)" || $(RUN) python -m testbed images --pulled
	@$(RUN) tests/testbed/scenarios $(if $(PLATFORMS),platforms,$(SCENARIO))

faults: setup ## faults under mail on both MTAs, and what becomes of each mail; CASE=word and MTA=postfix play some, KILLS=100 kills more
	@$(RUN) python -m faults --case="$(CASE)" $(if $(filter file,$(origin MTA)),,--mta=$(MTA))

oldest: python ## the oldest ansible-core that is supported, with the oldest and the newest Python of managed hosts
	@tests/testbed/setup oldest
	$(OWN) pytest tests/versions/test_converge.py tests/versions/test_rollout.py --oldest

versions: ## each version that docs/tested.md names: ansible-core with its unit tests, Python of managed hosts, Debian sid; other SMTP servers
	@tests/testbed/setup versions
	@$(RUN) python -m testbed images sid # once, not in each
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=recurse versions_hosts versions_cores versions_newest versions_pythons

versions_cores versions_newest versions_pythons: versions_%:
	$(RUN) pytest tests/versions/test_unit_tests.py -k $*

versions_hosts:
	$(OWN) pytest tests/versions --ignore tests/versions/test_unit_tests.py
	@$(RUN) tests/testbed/sid
	@$(RUN) tests/testbed/scenarios endpoints

bench: setup ## the figures that the collection promises, side by side with what they are compared to
	@TESTBED_EXEC=engine $(OWN) python -m bench

docs: python ## what is written from a table: troubleshooting, tables of documents, what repeats the definitions of variables
	$(RUN) python -m definitions
	$(RUN) python -m troubleshooting
	$(RUN) python -m documents

pictures: setup ## docs/images, of the report and the demo
	@tests/testbed/setup system
	@$(RUN) env PYTHONPATH=tests:tools:.cache/collections python -m pictures

build: python ## the collection's tarball, .cache/package/mailops-ses-VERSION.tar.gz
	rm -rf .cache/package
	$(RUN) ansible-galaxy collection build --force --output-path .cache/package

package: python ## the tarball as Galaxy and a stranger take it, and the unit tests by the oldest Python of managed hosts
	@tests/testbed/setup package
	$(RUN) pytest tests/package
	$(RUN) tests/ansible_test units

clean: ## remove the testbed and .cache, in which all that is built is
	@test ! -x .cache/venv/bin/python || $(RUN) python -m testbed down
	rm -rf .cache
