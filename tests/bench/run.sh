#!/usr/bin/env bash
# Measures the core beside Debian's lwIP on the same work, and prints one table. There is no target: it fails only when something
# cannot be built or run. What is not installed is left out, and named.
set -euo pipefail
cd "$(dirname "$0")/../.."
cc=${CC:-cc} out=build/bench
mib=1 cycles=500 speed_mib=64 runs=5
mkdir -p "$out"
rm -f "$out"/*.sizes

has() { command -v "$1" >/dev/null; }
skip() { echo "SKIP $1: $2 is not installed"; }

make --no-print-directory -s build/libvtcp.a
"$cc" -std=c11 -O2 -g -Icore tests/bench/bench.c build/libvtcp.a -o "$out/vtcp"
stacks=(vtcp)
if has pkg-config && pkg-config --exists lwip && [ -e /usr/include/valgrind/callgrind.h ]; then
  read -ra lwip_flags < <(pkg-config --cflags lwip)
  "$cc" -O2 -g -w "${lwip_flags[@]}" tests/bench/lwip/lwip_bench.c -o "$out/lwip" -llwip
  stacks+=(lwip)
else
  skip "lwIP" "one of liblwip-dev, pkg-config and valgrind"
fi

number() { grep -oP "(?<=\b$1=)[0-9]+" "$2"; } # name=, file
# Functions left out of "stack only": checksum, copies, heap, locks, and the bench itself.
outside='/wire/checksum\.c:|chksum|mem(cpy|move|set)|vtcp_copy_octets|/malloc/|/nptl/|sys_arch_(un)?protect|tests/bench/'

declare -A value
count() { # stack, workload, argument: sets value[stack.workload] and, for bulk, value[stack.only] and value[stack.ratio]
  local base=$out/$1.$2 per
  GLIBC_TUNABLES=glibc.cpu.hwcaps=-ERMS,-FSRM valgrind -q --tool=callgrind --instr-atstart=no \
    --callgrind-out-file="$base.callgrind" "$out/$1" "$2" "$3" >"$base.log"
  callgrind_annotate --threshold=100 --auto=no "$base.callgrind" >"$base.txt"
  if [ "$2" = bulk ]; then per=$(number dataseg "$base.log"); else per=$3; fi
  value[$1.$2]=$(awk -v per="$per" '/PROGRAM TOTALS/ {gsub(",", "", $1); printf "%d", $1 / per}' "$base.txt")
  [ "$2" = bulk ] || return 0
  value[$1.only]=$(awk -v per="$per" -v outside="$outside" '
    /PROGRAM TOTALS/ {body = 1; next}
    body && $1 ~ /^[0-9,]+$/ && $0 !~ outside {gsub(",", "", $1); sum += $1}
    END {printf "%d", sum / per}' "$base.txt")
  value[$1.ratio]=$(awk -v d="$per" -v a="$(number ack "$base.log")" 'BEGIN {printf "%.2f", d / a}')
}
median() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

if has valgrind; then
  for s in "${stacks[@]}"; do
    count "$s" bulk $mib
    count "$s" cycle $cycles
  done
else
  skip "instructions" valgrind
fi

for s in "${stacks[@]}"; do : >"$out/$s.speed"; done
for ((i = 0; i < runs; i++)); do
  for s in "${stacks[@]}"; do "$out/$s" bulk $speed_mib | grep -oP '[0-9.]+(?= MB/s)' >>"$out/$s.speed"; done
done
for s in "${stacks[@]}"; do
  value[$s.speed]=$(median <"$out/$s.speed")
  "$out/$s" sizes >"$out/$s.sizes"
done
value[vtcp.size]=$(number vtcp "$out/vtcp.sizes")
[ ! -e "$out/lwip.sizes" ] || value[lwip.size]=$(number tcp_pcb "$out/lwip.sizes")

if has arm-none-eabi-gcc && has arm-none-eabi-size; then
  rm -rf "$out/arm"
  mkdir -p "$out/arm"
  for f in core/*/*.c; do
    arm-none-eabi-gcc -std=c11 -mcpu=cortex-m3 -mthumb -Os -ffreestanding -Icore -c "$f" -o "$out/arm/$(basename "$f" .c).o"
  done
  value[vtcp.text]=$(arm-none-eabi-size -t "$out"/arm/*.o | awk 'END {print $1}')
else
  skip "code size" gcc-arm-none-eabi
fi

row() { # what, key
  local a=${value[vtcp.$2]:--} b=${value[lwip.$2]:--}
  printf '%-46s %10s %10s %7s\n' "$1" "$a" "$b" "$(awk -v a="$a" -v b="$b" 'BEGIN {if (a + 0 && b + 0) printf "%.2f", a / b; else print "-"}')"
}
printf '%-46s %10s %10s %7s\n' "" vtcp lwIP "vtcp/lwIP"
row "W1 bulk: instructions per data segment" bulk
row "W1 the same, stack only" only
row "W1 MB/s, median of $runs, runs interleaved" speed
row "W1 data segments per ACK" ratio
row "W2 open and close: instructions per cycle" cycle
row "W3 octets per connection, without buffers" size
row "W3 .text of core/, Cortex-M3 -Os" text
echo "Stack only: without checksum, copies, heap, locks and the bench. lwIP also makes and reads an IPv4 header, vtcp does not."
