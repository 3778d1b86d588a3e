#!/bin/sh
# Fails on known vulnerabilities that our code can reach. Without a way to their database it says so and passes: what
# cannot be asked is no finding. $1: the folder with the tools.
set -eu
code=0
said=$(timeout 300 "$1"/govulncheck ./... 2>&1) || code=$?
case "$code $said" in
"0 "*) ;;
*"fetching vulnerabilities"* | "124 "*) # 124: no answer in time
	echo "not checked, the vulnerability database is out of reach from here"
	;;
*)
	echo "$said"
	exit 1
	;;
esac
