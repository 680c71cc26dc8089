#!/usr/bin/env bash
# Runs the fuzz targets, one after the other, from their stored corpora; ends in `N targets, N findings`.
#   run.sh SECONDS ENGINE OUT TARGET...       ENGINE: libfuzzer or afl; SECONDS for each target
#   run.sh merge ENGINE OUT TARGET...         stores what the runs have found: the fewest inputs with the same coverage
set -uo pipefail
seconds=$1 engine=$2 out=$3
shift 3
mkdir -p "$out/bin"
findings=0 ended=0

build() { # unless nothing has changed
  if [ -f "$out/built" ] && [ -z "$(find core harness tests/support tests/fuzz .clusterfuzzlite -newer "$out/built" -type f \
    -not -path '*/corpus/*' -print -quit)" ]; then return; fi
  local sanitize="-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all"
  case $engine in
  libfuzzer) set -- clang clang++ "$sanitize -fsanitize=fuzzer-no-link" -fsanitize=fuzzer ;;
  afl)
    command -v afl-clang-fast >/dev/null || { echo "fuzz: ENGINE=afl needs afl++: make setup" >&2; exit 2; }
    set -- afl-clang-fast afl-clang-fast++ "$sanitize" -fsanitize=fuzzer
    export AFL_QUIET=1
    ;;
  *) echo "fuzz: ENGINE is libfuzzer or afl, not $engine" >&2; exit 2 ;;
  esac
  CC=$1 CXX=$2 CFLAGS=$3 CXXFLAGS=$3 LIB_FUZZING_ENGINE=$4 OUT=$out/bin bash .clusterfuzzlite/build.sh || exit 2
  touch "$out/built"
}

option() { sed -n "s/^$2 = //p" "tests/fuzz/$1.options"; } # target, name

run_libfuzzer() { # target
  local t=$1 dict
  dict=$(option "$t" dict)
  mkdir -p "$out/corpus/$t"
  "$out/bin/$t" -max_total_time="$seconds" -timeout=20 -print_final_stats=1 -max_len="$(option "$t" max_len)" \
    ${dict:+-dict=tests/fuzz/$dict} -artifact_prefix="$out/found/$t/" "$out/corpus/$t" "tests/fuzz/corpus/$t" \
    >"$out/$t.log" 2>&1
  ended=$?
  printf '%s runs, %s features, ' "$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$t.log")" \
    "$(grep -o ' ft: [0-9]*' "$out/$t.log" | tail -n 1 | cut -c 6-)"
}

run_afl() { # target
  local t=$1 dict
  dict=$(option "$t" dict)
  rm -rf "$out/afl/$t"
  mkdir -p "$out/afl"
  AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_UI=1 AFL_NO_AFFINITY=1 \
    afl-fuzz -V "$seconds" -i "tests/fuzz/corpus/$t" -o "$out/afl/$t" -m none -t 2000 ${dict:+-x tests/fuzz/$dict} \
    -- "$out/bin/$t" >"$out/$t.log" 2>&1
  ended=$?
  find "$out/afl/$t" -path '*/crashes/id:*' -exec cp {} "$out/found/$t/" \; 2>/dev/null
  printf '%s runs, %s edges, ' "$(sed -n 's/^execs_done *: //p' "$out/afl/$t/default/fuzzer_stats")" \
    "$(sed -n 's/^edges_found *: //p' "$out/afl/$t/default/fuzzer_stats")"
}

merge() { # target
  local t=$1 new=$out/merged/$1
  rm -rf "$new"
  mkdir -p "$new" "$out/corpus/$t" "tests/fuzz/corpus/$t"
  "$out/bin/$t" -set_cover_merge=1 -use_counters=0 -max_len="$(option "$t" max_len)" "$new" "tests/fuzz/corpus/$t" "$out/corpus/$t" \
    >"$out/$t.log" 2>&1 || { tail "$out/$t.log"; exit 1; }
  # what was made by hand has a name and stays
  find "tests/fuzz/corpus/$t" -type f -regextype egrep -not -regex '.*/[0-9a-f]{40}' -exec cp {} "$new/" \;
  rm -rf "tests/fuzz/corpus/$t"
  cp -r "$new" "tests/fuzz/corpus/$t"
  echo "$t: $(find "tests/fuzz/corpus/$t" -type f | wc -l) inputs, $(du -sb "tests/fuzz/corpus/$t" | cut -f 1) octets"
}

build
for t in "$@"; do
  if [ "$seconds" = merge ]; then merge "$t"; continue; fi
  rm -rf "$out/found/$t"
  mkdir -p "$out/found/$t" "tests/fuzz/corpus/$t"
  printf '%s: ' "$t"
  "run_$engine" "$t"
  n=$(find "$out/found/$t" -type f | wc -l)
  echo "$n findings"
  if [ "$n" -gt 0 ] || [ "$ended" -ne 0 ]; then
    tail -n 40 "$out/$t.log"
    echo "fuzz: $t ended with $ended; the log is $out/$t.log; findings are in $out/found/$t, again with: $out/bin/$t FILE"
    findings=$((findings + (n > 0 ? n : 1)))
  fi
done
[ "$seconds" = merge ] || echo "$# targets, $findings findings"
[ "$findings" -eq 0 ]
