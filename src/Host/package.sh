#!/usr/bin/env bash
# Publishes the Functions app and zips its folder with the exec bit kept: a mounted package is read-only, so nobody could set it later.
# Needs the SDK and zip, on Linux.
#   src/Host/package.sh [artifacts/adcp-functions.zip]
set -euo pipefail
cd "$(dirname "$0")/../.."
zip="$(realpath -m "${1:-artifacts/adcp-functions.zip}")"
rm -rf artifacts/app "$zip"
dotnet publish src/Host -c Release
test -x artifacts/app/AdcpFunctions.Host
mkdir -p "$(dirname "$zip")"
(cd artifacts/app && zip -q -r -X "$zip" .)
echo "$zip"
