# `make table1` and `make test` do everything on a machine that has Python 3.11 or newer and nothing else.
.DEFAULT_GOAL := help
.PHONY: help setup s3 crate-env table1 contrasfill contrasfill-seeds contrasfill-ablations ganseg monce onegan onegan-seeds mscond papers report test mutants soak lint graph lock FORCE
FORCE:

ifeq ($(wildcard Snakefile),)
$(error expected the project's root, this is $(CURDIR): run make -C $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST))))))
endif

PYTHON ?= python3
CORES ?= 8
UV := $(or $(shell command -v uv 2>/dev/null),.work/uv/bin/uv)
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export UV_PYTHON_DOWNLOADS := never
# Without compiled bytecode every stage would compile torch anew: twice the import time.
export UV_COMPILE_BYTECODE := 1
LOCKING := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

help:  ## list what can be made
	@grep -hE '^[a-z0-9_/%-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 22
	@printf 'results/...           any table, figure or model by its path, for example results/tables/table1.csv\n'

table1: results/tables/table1.csv  ## ContrasFill's Table 1, from raw data to csv, md and tex

CONTRASFILL_TABLES := table1 table1_box directions identity_direction disentanglement partial_masks context contrasfill_claims
CONTRASFILL := $(foreach n,01 02 03 04 05 06 07 08 09 10 11 12 13 14 15,results/figures/fig$(n).png) \
	$(CONTRASFILL_TABLES:%=results/tables/%.csv)

contrasfill: .venv/synced  ## all of ContrasFill, one seed: 15 figures, all tables, every claim's verdict
	snakemake --cores $(CORES) $(CONTRASFILL)

contrasfill-ablations: results/tables/ablations.csv  ## ContrasFill with one change at a time (24 trainings more)

contrasfill-seeds: .venv/synced  ## ContrasFill's tables over seeds 0, 1 and 2
	snakemake --cores $(CORES) $(CONTRASFILL_TABLES:%=results/tables/%_seeds.csv)

GANSEG := $(addprefix results/tables/ganseg_,$(addsuffix .csv,table1 table2 table3 table4 table_fid collapse_report) \
	$(addsuffix .json,equivariance ae_triviality embed_separation claims)) \
	$(patsubst %,results/figures/ganseg_fig%.png,01 02 03 04 05 06 07 08 09 10 11 12 13 14 15)

ganseg: .venv/synced  ## all of GANSeg: tables, figures, the four JSON targets
	snakemake --cores $(CORES) $(GANSEG)

MONCE := $(patsubst %,results/tables/monce_%.csv,unpaired paired q_sweep weighting seeds rate force receptive transport claims) \
	$(patsubst %,results/figures/monce_%.png,fig1 fig2 fig3 fig4 fig5 fig6 fig7 qsweep hist plan)

monce: .venv/synced  ## all of MoNCE: tables, figures, every claim's verdict
	snakemake --cores $(CORES) $(MONCE)

ONEGAN := $(patsubst %,results/tables/onegan_%.csv,table1 table2 table3 table4 table5 table6 table7 table8 table9 \
	metrics clustering segmentation inpainting xbg swap claims) $(patsubst %,results/figures/onegan_%.png,fig1 fig2 fig3 fig4)

onegan: .venv/synced  ## all of OneGAN, one seed: four figures, sixteen tables, every claim's verdict
	snakemake --cores $(CORES) $(ONEGAN)

ONEGAN_SEEDS := $(patsubst %,results/tables/onegan_%.csv,metrics_seeds claims_seeds)

onegan-seeds: .venv/synced  ## OneGAN's measures and verdicts over seeds 0, 1 and 2
	snakemake --cores $(CORES) $(ONEGAN_SEEDS)

MSCOND := $(patsubst %,results/tables/mscond_%.csv,table1 fid object_fid scene_ladder dynamics cost claims) \
	$(patsubst %,results/figures/mscond_%.png,fig1 fig2 fig3 fig4 fig5 fig6)

mscond: .venv/synced  ## all of MsConD: six figures, seven tables, every claim's verdict
	snakemake --cores $(CORES) $(MSCOND)

papers: .venv/synced  ## all five papers, one seed: every figure, table and verdict
	snakemake --cores $(CORES) $(CONTRASFILL) $(GANSEG) $(MONCE) $(ONEGAN) $(MSCOND)

report: .venv/synced  ## report/index.html: all that is built as pages, each number with what it was made from
	retrace report report

results/%: .venv/synced FORCE
	snakemake --cores $(CORES) $@

# The engine's tests fork processes that train, so they get a process of their own, free of other libraries' threads.
test: .venv/synced .work/crate/synced  ## all tests
	python -m pytest tests/engine
	python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --ignore tests/engine

mutants: .venv/synced  ## plant each listed fault, one by one: which share of them the tests notice
	python -m tests.mutants

# SEED chooses the random moments of the kills.
SEED ?= 0
soak: .venv/synced  ## 50 kills of a training and 20 of a publish under each engine; 200 pairs of engines at once
	python -m tests.faults.soak --train 50 --publish 20 --pairs 200 --seed $(SEED)

lint: .venv/synced  ## formatting, unused names, types
	ruff format --check . && ruff check . && basedpyright

s3: .venv/synced  ## what DVC needs for a remote on s3://, beside the locked packages (again after each change of them)
	VIRTUAL_ENV=.venv $(UV) pip install --no-deps --require-hashes --requirements envs/s3.lock

setup: .venv/synced  ## .venv with exactly the locked packages

# uv tells what it downloads and installs; without its words this would be minutes of silence.
.venv/synced: envs/core.lock envs/dev.lock pyproject.toml | $(UV)
	$(PYTHON) -c 'import sys; sys.exit("Retrace needs Python 3.11 or newer, found " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@echo "setting up .venv: a fresh one downloads 3.3 GB and takes 6.5 GB of disk, once"
	test -x .venv/bin/python || $(UV) venv --quiet --python $(PYTHON) .venv
	VIRTUAL_ENV=.venv $(UV) pip sync --require-hashes envs/core.lock envs/dev.lock
	VIRTUAL_ENV=.venv $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

crate-env: .work/crate/synced  ## .work/crate with the validator that `retrace crate` calls

# Apart from .venv, because the validator wants older packages; with the documents that it would fetch from the web.
.work/crate/synced: envs/crate.lock $(wildcard tests/retrace/contexts/*.json) | $(UV)
	@echo "setting up .work/crate, which checks what retrace crate writes"
	test -x .work/crate/bin/python || $(UV) venv --quiet --python $(PYTHON) .work/crate
	VIRTUAL_ENV=.work/crate $(UV) pip sync --require-hashes envs/crate.lock
	mkdir -p .work/crate/contexts && cp tests/retrace/contexts/*.json .work/crate/contexts
	touch $@

.work/uv/bin/uv:
	@echo "fetching uv, which installs the locked packages"
	$(PYTHON) -m venv .work/uv
	.work/uv/bin/pip install --quiet uv

graph: .venv/synced  ## write dvc.yaml and stages/code.json from graph.yaml and the code, after any edit of either
	python -m stages.graph

lock: | $(UV)  ## compile envs/*.lock anew from envs/*.in
	$(LOCKING) --override envs/override.txt --output-file envs/core.lock envs/core.in
	$(LOCKING) --output-file envs/dev.lock envs/dev.in
	$(LOCKING) --output-file envs/crate.lock envs/crate.in
	$(LOCKING) --override envs/override-s3.txt --output-file envs/s3.lock envs/s3.in
