# make demo    set up, then hear a voice, the same voice with flipped bits, and the same voice healed
# make test    set up, then run every check and test, and build the documentation
# make quick   set up, then run the tests that answer within a minute
# make docs    set up, then build the documentation: open out/docs/index.html
# make coverage as the tests of `make test`, with the lines that they reach in out/coverage/index.html
# make nightly as the tests of `make test`, on many more random examples
# make lab     set up, then open JupyterLab on copies of the notebooks, in out/notebooks
# make app     set up, then serve the panels as a page of their own, on this machine alone: open what it prints
# make paper   set up, then make a quick run of every study: out/papers/STUDY/index.html
# make install only set up
# make peers   also install the fault injectors that `workbench bench campaign` compares with
#
# PYTHON=python3.12    the Python that makes .venv (3.11 to 3.14)
# TORCH_INDEX=URL      one more package index for PyTorch: on Linux without an NVIDIA card, the CPU
#                      wheel index that "Get started" on pytorch.org shows saves several GB

PYTHON ?= python3
TORCH_INDEX ?=

RUN = .venv/bin/python -m
PYTEST = $(RUN) pytest --numprocesses auto --dist worksteal
# `make quick`: these folders, without the files in them that take long.
QUICK = tests/test_*.py tests/docs tests/audio tests/integer tests/memory tests/healing
SLOW = tests/test_full_disk.py tests/test_odd_words.py tests/test_start.py \
	tests/audio/test_audio_recogniser.py tests/audio/test_audio_torchaudio.py \
	tests/healing/test_diagnoses.py tests/healing/test_evidence.py tests/healing/test_fitted.py \
	tests/healing/test_heal_command.py tests/healing/test_self_test.py \
	tests/healing/test_upsets.py tests/integer/test_lower_command.py \
	tests/integer/test_lowering.py tests/integer/test_pruned_channels.py \
	tests/memory/test_in_place.py tests/memory/test_laboratory.py \
	tests/memory/test_replay_command.py
# Containers often switch byte code off; then every start would compile PyTorch anew.
export PYTHONDONTWRITEBYTECODE =
# Written last, so that an interrupted set-up is not taken for a complete one.
STAMP = .venv/set-up-is-complete
# Modules are compiled when first imported; compiling all of PyTorch and JupyterLab takes longer.
PIP_INSTALL = $(RUN) pip install --disable-pip-version-check --no-compile \
	--constraint constraints.txt
PROJECT_INSTALL = $(PIP_INSTALL) --build-constraint constraints.txt \
	$(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
# All modules once, so that byte code lies there for commands that may not write any.
COMPILE = .venv/bin/python -c 'import importlib, pkgutil, workbench; \
	[importlib.import_module(m.name) for m in pkgutil.walk_packages(workbench.__path__, "workbench.") \
	if m.name != "workbench.__main__"]'
# Extras that need a C compiler where no wheel fits; the set-up goes on without them.
OPTIONAL = recogniser pesq

.PHONY: help install demo test check suite quick docs coverage nightly lab app paper peers

help:
	@sed -n '/^$$/q; s/^# \{0,1\}//p' Makefile

install: $(STAMP)

demo: $(STAMP)
	$(RUN) workbench demo

test: check docs suite

suite: $(STAMP)
	$(PYTEST)
	@for kernels in `.venv/bin/python tests/kernels.py`; do \
		case $$kernels in avx2|plain) marks='kernels or torch_kernels';; *) marks=kernels;; esac; \
		WORKBENCH_KERNELS=$$kernels $(RUN) pytest -m "$$marks" `grep -rlE 'mark\.(torch_)?kernels' tests --include='test_*.py'` || exit 1; done

quick: $(STAMP)
	$(PYTEST) $(QUICK) $(addprefix --ignore=,$(SLOW))

# Builds without a network; whatever Sphinx warns of is an error.
docs: $(STAMP)
	$(RUN) sphinx --fail-on-warning --keep-going --quiet --fresh-env --builder html docs out/docs

coverage: $(STAMP)
	$(PYTEST) --cov --cov-report=term:skip-covered --cov-report=html:out/coverage

# Hours: random tests try many times as many examples.
nightly: $(STAMP)
	WORKBENCH_TEST_PROFILE=nightly $(PYTEST)

check: $(STAMP)
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy

# Copies that were edited stay; `git status` is clean whatever is run.
lab: $(STAMP)
	$(RUN) workbench.panels.notebook_files notebooks out/notebooks
	$(RUN) jupyterlab out/notebooks

app: $(STAMP)
	$(RUN) workbench.panels.app_server out/notebooks

# Of every study that ships: out/papers/STUDY/index.html.
paper: $(STAMP)
	@for study in `$(RUN) workbench paper --list | cut -d' ' -f1`; do \
		$(RUN) workbench paper $$study || exit 1; done

# One of them asks for an older NumPy than it needs, so it comes without its dependencies.
peers: $(STAMP)
	$(PROJECT_INSTALL) --editable '.[peers]'
	$(PIP_INSTALL) --no-deps --group peers-alone

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info[:2] <= (3, 14); ok or sys.exit("make: the workbench needs Python 3.11 to 3.14, but $(PYTHON) is %d.%d; install one and name it, for example: make demo PYTHON=python3.12" % sys.version_info[:2])'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "make: $(PYTHON) cannot make virtual environments; on Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	@rm -f $@
	@.venv/bin/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Making .venv"; $(PYTHON) -m venv --clear .venv; }
	@echo "Installing into .venv (about a minute, once)"
	@if test "`uname`" = Linux && test -z "$(TORCH_INDEX)"; then \
		echo "If pip now downloads several GB of CUDA packages that you do not want, stop it and see TORCH_INDEX in the Makefile."; fi
	@$(PIP_INSTALL) --quiet pip
	@$(PROJECT_INSTALL) --editable '.[mcu,dev]'
	@for extra in $(OPTIONAL); do \
		$(PROJECT_INSTALL) --editable ".[$$extra]" >.venv/$$extra.log 2>&1 || \
		echo "The extra '$$extra' could not be installed and is left out (.venv/$$extra.log says why; it may need a C compiler); to try again: make -B install"; \
	done
	@$(COMPILE) 2>/dev/null || echo "Byte code could not be made now; every command will start more slowly"
	@touch $@
