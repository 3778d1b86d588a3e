#!/bin/sh
# Fails when `make gen` changes any file, whether it is committed or not. $1: the make to call.
set -eu
sums() {
	find . \( -path ./.git -o -path ./.cache -o -path ./bin -o -path ./data -o -name node_modules \) -prune \
		-o -type f -exec sha256sum {} + | sort -k 2
}
before=$(mktemp) after=$(mktemp)
trap 'rm -f "$before" "$after"' EXIT
sums >"$before"
"$1" --no-print-directory gen >/dev/null
sums >"$after"
if ! changed=$(diff "$before" "$after"); then
	echo "$changed" | awk '/^[<>]/ { print $3 }' | sort -u
	echo "these files were not what \`make gen\` makes; it has made them now: look at them and commit"
	exit 1
fi
