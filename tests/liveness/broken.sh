#!/usr/bin/env bash
# The liveness model on its smallest start, and broken models, as part of make check.
exec python3 "$(dirname "$0")/spin.py" --broken
