# `make run` and `make test` are all a newcomer needs; both set up what is missing.
# `make city` shows hub, sensors and crawlers as processes of their own.
.PHONY: run city test test-quick check setup setup-test clean \
	bench bench-detection bench-modulation bench-occupancy bench-locate bench-ghosts \
	bench-leaks bench-rules bench-crawl bench-desk bench-console bench-province bench-store
BIN := .venv/bin
# Most tests wait for a browser, a broker, a database: two files at a time, the long ones first. What
# fails beside others is asked again alone; emulated receivers keep real time and are alone at once.
SIDE_BY_SIDE := -n 2 --dist loadfile --no-loadscope-reorder --ignore tests/emulator
AGAIN_ALONE := --last-failed --last-failed-no-failures none

run: setup
	@$(BIN)/examwatch run configs/demo.yml

city: setup-test
	@$(BIN)/python -m scripts.city

test: setup-test check
	@echo "[examwatch] Python tests"
	@$(BIN)/pytest $(SIDE_BY_SIDE) || { echo "[examwatch] once more, alone: what failed beside others"; $(BIN)/pytest $(AGAIN_ALONE); }
	@$(BIN)/pytest tests/emulator
	@echo "[examwatch] console tests"
	@cd console && npm test --silent

test-quick: setup
	@$(BIN)/pytest -m "not slow and not browser and not tools"

check: setup
	@echo "[examwatch] ruff, pyright, import-linter"
	@$(BIN)/ruff check -q .
	@$(BIN)/ruff format -q --check .
	@$(BIN)/pyright --warnings
	@$(BIN)/lint-imports

setup:
	@scripts/setup.sh run

setup-test:
	@scripts/setup.sh test

# Measurements: they print figures and judge nothing.
bench: setup
	@$(BIN)/python -m benchmarks.fft_core

bench-detection: setup
	@$(BIN)/python -m benchmarks.detection

bench-modulation: setup
	@$(BIN)/python -m benchmarks.modulation

bench-occupancy: setup
	@$(BIN)/python -m benchmarks.occupancy

bench-locate: setup
	@$(BIN)/python -m benchmarks.locate

bench-ghosts: setup
	@$(BIN)/python -m benchmarks.ghosts
	@$(BIN)/python -m benchmarks.sweep

bench-leaks: setup
	@$(BIN)/python -m benchmarks.leaks

bench-rules: setup
	@$(BIN)/python -m benchmarks.rules

bench-desk: setup
	@$(BIN)/python -m benchmarks.desk

bench-crawl: setup
	@$(BIN)/python -m benchmarks.crawl
	@$(BIN)/python -m benchmarks.crawl_live

bench-console: setup-test
	@$(BIN)/python -m benchmarks.console
	@$(BIN)/python -m benchmarks.console_spectrum

bench-province: setup-test
	@$(BIN)/python -m benchmarks.province

bench-store: setup-test
	@$(BIN)/python -m benchmarks.store_scale

clean:
	rm -rf .venv .setup console/node_modules monitor/server/static var
