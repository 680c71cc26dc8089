#!/usr/bin/env bash
# Interoperation with the kernel: some of the cases of interop.py, as part of make check.
exec python3 "$(dirname "$0")/interop.py" --sample
