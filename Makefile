# `make run` and `make test` are all a newcomer needs; both set up what is missing.
.PHONY: run test test-quick check setup setup-test bench clean
BIN := .venv/bin

run: setup
	@$(BIN)/examwatch run configs/demo.yml

test: setup-test check
	@$(BIN)/pytest
	@if [ -d console/node_modules ]; then cd console && npm test --silent; fi

test-quick: setup
	@$(BIN)/pytest -m "not slow and not browser"

check: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports

setup:
	@scripts/setup.sh run

setup-test:
	@scripts/setup.sh test

bench: setup
	@$(BIN)/python -m benchmarks.fft_core

clean:
	rm -rf .venv .setup console/node_modules monitor/server/static var
