#!/bin/sh
# Fails on functions that no program and no test reaches. $1: the folder with the tools.
set -eu
found=$("$1"/deadcode -test ./...)
[ -z "$found" ] && exit 0
echo "$found"
echo "no program and no test reaches these: use them or remove them"
exit 1
