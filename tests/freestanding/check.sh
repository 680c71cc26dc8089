#!/usr/bin/env bash
# The core needs no operating system and keeps no state: it compiles freestanding for x86-64 and Cortex-M3, and the
# linked object has no undefined symbols but memcpy, memmove, memset (and Arm's integer helpers), no data, no bss.
set -uo pipefail
cd "$(dirname "$0")/../.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
flags=(-std=c11 -Wall -Wextra -Wconversion -Werror -ffreestanding -nostdlib -Icore)
arm=(arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb -Os)
host=("${CC:-gcc}" -O2)
count=0 bad=0
report() { # ok or not, name
  count=$((count + 1))
  if [ "$1" = 0 ]; then echo "ok $count - $2"; else echo "not ok $count - $2"; bad=1; fi
}
compile() { # name, sources...; uses the array cc
  local name=$1 f objects=()
  shift
  mkdir -p "$out/$name"
  for f in "$@"; do
    local o="$out/$name/${f//\//_}.o"
    "${cc[@]}" "${flags[@]}" -c "$f" -o "$o" || return 1
    objects+=("$o")
  done
  "${cc[@]}" -nostdlib -r "${objects[@]}" -o "$out/$name.o"
}
foreign() { # object, prefix of the tools: undefined symbols that are not allowed
  "$2nm" --undefined-only "$1" | awk '{print $NF}' |
    grep -vxE 'memcpy|memmove|memset' | { if [ -n "$2" ]; then grep -vE '^__aeabi_(u?l?divmod|u?idiv|u?idivmod|lmul|llsl|llsr|lasr|l?cmp|ulcmp|memcpy[48]?|memmove[48]?|memset[48]?|memclr[48]?)$'; else cat; fi; }
}
state() { # object, prefix: writable data, initialized or not
  "$2nm" "$1" | awk '$(NF-1) ~ /^[bBdDcCgGsS]$/ {print $NF}'
}
clean() { # object, prefix
  local symbols
  [ -s "$1" ] || return 1
  symbols=$(foreign "$1" "$2"; state "$1" "$2")
  [ -z "$symbols" ] && return 0
  echo "# in $1:" $symbols
  return 1
}
sources=(core/*/*.c)
echo "1..8"
cat >"$out/libc.c" <<'C'
int printf(const char *, ...);
int hello(void);
int hello(void) { return printf("x"); }
C
cat >"$out/global.c" <<'C'
int calls(void);
static int n;
int calls(void) { return ++n; }
C
for target in x86-64 cortex-m3; do
  if [ $target = x86-64 ]; then cc=("${host[@]}") prefix=; else cc=("${arm[@]}") prefix=arm-none-eabi-; fi
  compile core-$target "${sources[@]}"
  report $? "core compiles freestanding for $target"
  clean "$out/core-$target.o" "$prefix"
  report $? "no foreign symbols and no state on $target"
  compile libc-$target "$out/libc.c" && [ -n "$(foreign "$out/libc-$target.o" "$prefix")" ]
  report $? "this test sees a call of libc on $target"
  compile global-$target "$out/global.c" && [ -n "$(state "$out/global-$target.o" "$prefix")" ]
  report $? "this test sees a global on $target"
done
"${arm[@]}" --version >/dev/null && arm-none-eabi-size "$out/core-cortex-m3.o" 2>/dev/null | sed 's/^/# /'
exit $bad
