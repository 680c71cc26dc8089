#!/usr/bin/env bash
# The oracle on a sample, as part of make check.
exec python3 "$(dirname "$0")/oracle.py" --sample
