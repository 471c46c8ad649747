# Turntoward. `make` lists what there is.
UV := .tools/bin/uv
export UV_PYTHON_DOWNLOADS := never
DEBIAN := adb chromium chromium-driver curl dbus dbus-x11 dconf-cli dconf-gsettings-backend dconf-service dunst fish grim gsettings-desktop-schemas jq libglib2.0-bin libnotify-bin mako-notifier openbox pipewire pipewire-pulse pulseaudio pulseaudio-utils python3-dbusmock sway systemd tmux wireplumber x11-utils xdotool xterm xvfb zsh
NEEDED := adb chromedriver chromium curl dbus-daemon dconf dunst fish grim gsettings jq mako notify-send openbox pactl pipewire pipewire-pulse pulseaudio sway systemd-analyze tmux wireplumber xdotool xprop xterm Xvfb zsh

.DEFAULT_GOAL := help
.PHONY: help setup oracle run install uninstall test test-all search lint check texts format bench debian

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(UV): uv-requirements.txt
	@echo "Fetching uv into .tools (once) ..."
	@python3 -m pip install --quiet --disable-pip-version-check --upgrade --target .tools --require-hashes --only-binary uv \
	  --requirement uv-requirements.txt 2>.tools.log \
	  || { cat .tools.log >&2; rm -f .tools.log; echo "pip could not fetch uv: is there a network, and python3-pip?" >&2; exit 1; }
	@rm -f .tools.log; touch $@

.venv/.ready: pyproject.toml uv.lock | $(UV)
	@echo "Setting up .venv (once) ..."
	@$(UV) sync --frozen --quiet
	@touch $@

setup: .venv/.ready  ## set up .tools and .venv, and nothing else

.oracle/.ready: tests/oracle/requirements.txt | $(UV)
	@echo "Setting up .oracle, with which recurrences are compared (once) ..."
	@$(UV) venv --quiet --clear .oracle
	@$(UV) pip sync --quiet --python .oracle/bin/python --require-hashes tests/oracle/requirements.txt
	@touch $@

oracle: .oracle/.ready  # recurring-ical-events, in an environment of its own: it needs another dateutil than we do

run: setup  ## run it: on your desktop, or without one the bundled evening
	@.venv/bin/turntoward run --offer --or-try

# Not `uv tool install`, which verifies no hashes; its folders, so that the service of an earlier installation goes on.
FOLDERS = env=$$(readlink -m "$$($(UV) tool dir)/turntoward"); bin=$$(readlink -m "$$($(UV) tool dir --bin)")

install: $(UV)  ## install the command `turntoward` for yourself, in ~/.local/bin
	@rm -rf .tools/wheel
	@$(UV) export --quiet --frozen --no-dev --no-emit-project --output-file .tools/locked.txt >/dev/null
	@$(UV) export --quiet --frozen --only-group build --output-file .tools/build.txt >/dev/null
	@$(UV) build --quiet --wheel --require-hashes --build-constraints .tools/build.txt --out-dir .tools/wheel
	@$(FOLDERS); $(UV) venv --quiet --allow-existing "$$env" \
	  && $(UV) pip sync --quiet --python "$$env" --require-hashes .tools/locked.txt \
	  && $(UV) pip install --quiet --python "$$env" --no-deps --offline .tools/wheel/*.whl \
	  && mkdir -p "$$bin" && ln -sfn "$$env/bin/turntoward" "$$bin/turntoward" && echo "Installed: $$bin/turntoward." \
	  && case ":$$PATH:" in *":$$bin:"*) ;; *) \
	    echo "It is not on the PATH of this shell yet. This line puts it there; in ~/.profile it holds for good:"; \
	    echo "  export PATH=\"$$bin:\$$PATH\"";; esac
	@echo "Next: turntoward add --help, turntoward service install."

uninstall: $(UV)  ## remove the command again; what it kept stays (turntoward forget --all deletes it)
	@$(FOLDERS); rm -rf "$$env" && rm -f "$$bin/turntoward"
	@echo "Removed. Settings and what was kept stay in ~/.config/turntoward and ~/.local/share/turntoward."

debian:  # the programs that the tests drive: installed where that is allowed, else named
	@missing=; for program in $(NEEDED); do command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	/usr/bin/python3 -c 'import dbusmock' 2>/dev/null || missing="$$missing python3-dbusmock"; \
	[ -z "$$missing" ] && exit 0; \
	line="apt-get install --yes --no-install-recommends $(DEBIAN)"; \
	if [ "$$(id -u)" = 0 ]; then as=; elif sudo --non-interactive true 2>/dev/null; then as=sudo; else as=none; fi; \
	if [ "$$as" != none ] && command -v apt-get >/dev/null; then \
	  echo "Installing the Debian packages that the tests need (once):$$missing ..."; \
	  { $$as apt-get update --quiet --quiet && DEBIAN_FRONTEND=noninteractive $$as $$line --quiet --quiet; } >.debian.log 2>&1 \
	    || { tail -20 .debian.log >&2; rm -f .debian.log; exit 1; }; rm -f .debian.log; \
	else \
	  echo "Missing:$$missing. Tests that need them are skipped, each by name. To have them:"; echo "  sudo $$line"; \
	fi

# Four workers on two cores: many tests wait for a real server or daemon.
PYTEST := .venv/bin/pytest --numprocesses 4 --dist worksteal

test: setup debian  ## set up what the tests need, then run them: under five minutes on two cores
	@TURNTOWARD_EXAMPLES=test $(PYTEST) -m "not thorough" --ignore tests/oracle

test-all: setup oracle debian  ## run every test there is, with all examples: what CI runs
	@TURNTOWARD_EXAMPLES=all $(PYTEST)

search: setup  ## try new examples at every run, ten times as many; what was found is tried first the next time
	@TURNTOWARD_EXAMPLES=search $(PYTEST) tests/property

lint: setup  # format, ruff, mypy --strict, import-linter
	@.venv/bin/ruff format --check --quiet . || { echo "make format fixes this" >&2; exit 1; }
	@.venv/bin/ruff check --quiet .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo 2>/dev/null || .venv/bin/lint-imports

check: lint test  ## format, ruff, mypy --strict, import-linter, tests: before every commit

texts: setup  ## collect the texts that a person sees in detector/locale/turntoward.pot
	@.venv/bin/python -m tests.texts

format: setup  ## format the code and fix what ruff can fix
	@.venv/bin/ruff check --quiet --fix .
	@.venv/bin/ruff format --quiet .

# `make bench code replay` measures only these; their names are no targets of their own. `make bench calendars FOLDER=…` reads
# the calendars of that folder.
ifeq (bench,$(firstword $(MAKECMDGOALS)))
BARS := $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
$(eval $(BARS):;@:)
endif

bench: setup oracle debian  ## print the bars (make bench code: only those of the source code)
	@FOLDER='$(FOLDER)' .venv/bin/python -m tests.benchmarks $(BARS)
