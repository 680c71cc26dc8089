#!/usr/bin/env bash
# .clusterfuzzlite/build.sh, called as ClusterFuzzLite and OSS-Fuzz call it, makes targets that run their seeds. Speaks TAP.
set -uo pipefail
command -v clang++ >/dev/null || { echo "ok 1 - build.sh # SKIP clang is not installed"; exit 0; }
OUT=$(mktemp -d)
trap 'rm -rf "$OUT"' EXIT
export OUT CC=clang CXX=clang++ CFLAGS="-O1 -fsanitize=fuzzer-no-link" CXXFLAGS="-O1" LIB_FUZZING_ENGINE=-fsanitize=fuzzer
if bash .clusterfuzzlite/build.sh >"$OUT/log" 2>&1; then echo "ok 1 - build.sh"; else
  sed 's/^/# /' "$OUT/log"
  echo "not ok 1 - build.sh"
fi
n=1
for source in tests/fuzz/*.c; do
  t=$(basename "$source" .c)
  n=$((n + 1))
  mkdir -p "$OUT/seeds/$t"
  if python3 -m zipfile -e "$OUT/${t}_seed_corpus.zip" "$OUT/seeds/$t" && [ -f "$OUT/$t.options" ] &&
    timeout 300 "$OUT/$t" -artifact_prefix="$OUT/" -runs=0 "$OUT/seeds/$t" >"$OUT/log" 2>&1 && grep -q '^Done [1-9][0-9]' "$OUT/log"; then
    echo "ok $n - $t: $(grep '^Done' "$OUT/log" | cut -d ' ' -f 2) runs of its seeds"
  else
    tail -n 20 "$OUT/log" | sed 's/^/# /'
    echo "not ok $n - $t"
  fi
done
echo "1..$n"
