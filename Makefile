# Turntoward. `make` lists what there is.
UV := .tools/bin/uv
export UV_PYTHON_DOWNLOADS := never
RUN := $(UV) run --frozen --no-sync

.DEFAULT_GOAL := help
.PHONY: help setup run test check format bench debian

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(UV):
	@echo "Fetching uv into .tools (once) ..."
	@python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target .tools uv 2>/dev/null \
	  || { echo "uv could not be fetched with pip; is the network there, and python3-pip?" >&2; exit 1; }

.venv/.ready: pyproject.toml uv.lock | $(UV)
	@echo "Setting up .venv (once) ..."
	@$(UV) sync --frozen --quiet
	@touch $@

setup: .venv/.ready  ## set up .tools and .venv, and nothing else
