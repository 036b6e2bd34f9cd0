#!/bin/sh
# SPDX-License-Identifier: MIT
# bench/clients/curl.sh ENDPOINT CALLS TOKEN-FILE [CA-FILE]: the same with the
# curl command, a process for every call, nothing decoded. Run by run.lua.
path=/v2/0a1b2c3d4e5f60718293a4b5c6d7e8f9/graphs/2d8a9b3c-4f5e-4a6b-8c7d-9e0f1a2b3c4d
path=$path/jobs/ff80808167f09aaa0167f19b35ec0305/status
token=$(cat "$3")
i=0
while [ "$i" -lt "$2" ]; do
  curl -fsS ${4:+--cacert "$4"} -H "X-Auth-Token: $token" -o /dev/null "$1$path" || exit 1
  [ "$i" != 0 ] || echo first
  i=$((i + 1))
done
