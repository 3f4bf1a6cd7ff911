#!/bin/sh
# SPDX-License-Identifier: MulanPSL-2.0
#
# deb.sh FOLDER: build FOLDER/ward_VERSION_ARCH.deb from a copy of the tree, so that the tree stays
# clean. No root needed. What is not in git (but not ignored) goes along.
set -eu
folder=$(mkdir -p "$1" && cd "$1" && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
trap 'exit 130' INT TERM HUP
mkdir "$copy/ward"
if git rev-parse --git-dir >/dev/null 2>&1; then
	git ls-files -z --cached --others --exclude-standard
else
	find . \( -path './build*' -o -path ./.git \) -prune -o -type f -print0
fi | tar --null --files-from=- --ignore-failed-read -cf - 2>/dev/null | tar -xf - -C "$copy/ward"
cd "$copy/ward"
# debhelper gives the build another home; what was built of the console, and compiled, is here already.
WARD_CONSOLE_CACHE=${WARD_CONSOLE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ward-console}
CCACHE_DIR=${CCACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ccache}
export WARD_CONSOLE_CACHE CCACHE_DIR
log=$copy/log
if ! DEB_BUILD_OPTIONS="noddebs parallel=${JOBS:-2}" dpkg-buildpackage -us -uc -b -Pnocheck >"$log" 2>&1; then
	tail -n 40 "$log" >&2
	exit 1
fi
rm -f "$folder"/ward_*.deb
cp "$copy"/ward_*.deb "$folder/"
ls "$folder"/ward_*.deb
