#!/bin/sh
# SPDX-License-Identifier: MulanPSL-2.0
#
# fuzz.sh BUILD SECONDS: let every libFuzzer program of BUILD look for crashes for so long, starting
# from fuzz/corpus/NAME. New inputs stay in BUILD/corpus/NAME (only chosen ones go into the tree);
# an input that crashes is written to BUILD/crashes and its name printed.
set -u
build=$1
seconds=$2
status=0
mkdir -p "$build/crashes"
for program in "$build"/fuzz/fuzz_*; do
	if [ ! -f "$program" ] || [ ! -x "$program" ]; then
		continue
	fi
	name=${program##*/fuzz_}
	mkdir -p "$build/corpus/$name"
	dictionary=fuzz/corpus/$name.dict
	if UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=0 \
		-verbosity=0 -artifact_prefix="$build/crashes/$name-" ${dictionary:+$([ -f "$dictionary" ] && echo -dict="$dictionary")} \
		"$build/corpus/$name" "fuzz/corpus/$name" >"$build/crashes/$name.log" 2>&1; then
		echo "fuzz_$name: nothing found in $seconds s"
	else
		status=1
		echo "fuzz_$name: FAILED"
		tail -n 40 "$build/crashes/$name.log"
	fi
done
exit $status
