# Everything runs from .venv by its own path; no environment needs to be activated.
PYTHON ?= python3
BIN = .venv/bin
