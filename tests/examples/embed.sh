#!/usr/bin/env bash
# The example of the README runs and says what it promises.
set -u
echo 1..1
expected='server received "hello, octets"; client: closed'
if [ "$("${BUILD:-build}/tests/examples/embed")" = "$expected" ]; then echo "ok 1 - embed: octets cross and both sides close"
else echo "not ok 1 - embed: octets cross and both sides close"; fi
