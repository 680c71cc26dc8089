#!/bin/bash
# Builds the fuzz targets into $OUT with $CC, $CFLAGS, $CXX, $CXXFLAGS and $LIB_FUZZING_ENGINE, as ClusterFuzzLite and
# OSS-Fuzz want it; `make fuzz` calls it too. Runs in the top folder of the source.
set -eu
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT
flags=(-std=c11 -D_GNU_SOURCE -DSIM_ALONE -Icore -Iharness -Itests/support)

compile() { # flag, file ...: flag is for these files only
  local flag=$1 file
  shift
  for file in "$@"; do
    # shellcheck disable=SC2086 # CFLAGS is a list
    $CC $CFLAGS $flag "${flags[@]}" -c "$file" -o "$objects/$(tr / _ <<<"${file%.c}").o"
  done
}

compile "" core/*/*.c harness/framing.c harness/packet.c harness/udp.c
# How the simulator and the checks run is nothing for the fuzzer to explore.
quiet=
if [[ $CFLAGS == *fuzzer-no-link* ]]; then quiet=-fno-sanitize=fuzzer-no-link; fi
compile "$quiet" tests/support/{inv,model,sim}.c tests/fuzz/support/{fuzz,records,framings}.c
ar rcs "$objects/all.a" "$objects"/*.o

for file in tests/fuzz/*.c; do
  target=$(basename "$file" .c)
  compile "" "$file"
  # shellcheck disable=SC2086 # lists
  $CXX $CXXFLAGS $LIB_FUZZING_ENGINE "$objects/tests_fuzz_$target.o" "$objects/all.a" -o "$OUT/$target"
  if [ -d "tests/fuzz/corpus/$target" ]; then
    python3 -m zipfile -c "$OUT/${target}_seed_corpus.zip" "tests/fuzz/corpus/$target"/*
  fi
done
cp tests/fuzz/*.options tests/fuzz/*.dict "$OUT/"
