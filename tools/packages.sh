#!/bin/sh
# SPDX-License-Identifier: MulanPSL-2.0
#
# packages.sh [-n] GOAL…: install what is missing of the Debian packages that debian/control names
# for these goals. Does nothing, and asks nobody, when all are there. -n: only name them.
#
# Goals: build test soak bench fuzz lint deb. `build` is what has no mark in Build-Depends, less
# debhelper, which is goal `deb`; `test` adds <!nocheck> and debhelper (a test builds the package);
# the others add <pkg.ward.GOAL>. <pkg.ward.services> are packages of `test` that bring a service:
# on a machine that runs systemd they would open a port or rewrite audit rules, so they are taken
# only where nobody works (CI=true) or nothing would start them; their tests are skipped elsewhere.
set -eu
control=$(dirname "$0")/../debian/control
dry=
if [ "${1:-}" = -n ]; then
	dry=1
	shift
fi
goals=" $* "
case $goals in *' test '*)
	if [ "${CI:-}" = true ] || [ ! -d /run/systemd/system ]; then
		goals="${goals}services "
	fi
esac

wanted=$(awk -v goals="$goals" '
	/^[^ \t#]/ { inside = /^Build-Depends:/; sub(/^[^:]*:/, "") }
	!inside || /^#/ { next }
	{
		n = split($0, entries, ",")
		for (i = 1; i <= n; i++) {
			if (!match(entries[i], /[a-z0-9][-+.a-z0-9]*/))
				continue
			name = substr(entries[i], RSTART, RLENGTH)
			if (entries[i] ~ /<!nocheck>/)
				take = index(goals, " test ")
			else if (entries[i] ~ /</) {
				take = 0
				marks = entries[i]
				while (match(marks, /<pkg\.ward\.[a-z]+>/)) {
					if (index(goals, " " substr(marks, RSTART + 10, RLENGTH - 11) " "))
						take = 1
					marks = substr(marks, RSTART + RLENGTH)
				}
			} else if (name == "debhelper-compat") {
				name = "debhelper"
				take = index(goals, " deb ") || index(goals, " test ")
			} else
				take = 1
			if (take)
				print name
		}
	}' "$control")

missing=
if ! command -v dpkg-query >/dev/null; then
	echo "ward is built on Debian 12: dpkg-query is not on this machine. Install by hand, then use ninja:" >&2
	echo "$wanted" | tr '\n' ' ' >&2
	exit 1
fi
# shellcheck disable=SC2086 # package names hold no spaces
installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' $wanted 2>/dev/null | sed -n 's/ installed$//p' || true)
for package in $wanted; do
	# Other makers' packages of Node bring npm along and refuse Debian's beside them.
	[ "$package" != npm ] || ! command -v npm >/dev/null || continue
	case "
$installed
" in *"
$package
"*) ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0
if [ -n "$dry" ]; then
	echo "$missing"
	exit 0
fi

sudo=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "These Debian packages are missing:$missing" >&2
		echo "You are not root and there is no sudo. As root, run: apt-get install$missing" >&2
		exit 1
	fi
	sudo=sudo
fi
echo "Installing the Debian packages that are missing:$missing" >&2
# Nothing that is installed here may start: Debian asks /usr/sbin/policy-rc.d, so put a refusal
# there for the time being, unless the machine has a policy of its own.
policy=/usr/sbin/policy-rc.d
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM HUP
if [ ! -e $policy ]; then
	trap 'rm -f "$log"; $sudo rm -f $policy' EXIT
	printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
	$sudo chmod 755 $policy
fi
apt() {
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 \
		-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" </dev/null >"$log" 2>&1
}
# An update may fail in part (one mirror of several); only the installation decides.
apt update || tail -n 5 "$log" >&2
# shellcheck disable=SC2086
if ! apt install -y --no-install-recommends $missing; then
	tail -n 30 "$log" >&2
	echo "apt-get could not install:$missing" >&2
	exit 1
fi
