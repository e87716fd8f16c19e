#!/bin/sh
# Installs the exact dependencies when they are missing or when the lock file has changed. One at a
# time: whoever comes second waits, so that nothing is removed under a program that starts.
set -eu
cd "$(dirname "$0")"
stamp=node_modules/.cocoon-lock
installed() { cmp -s package-lock.json "$stamp" 2>/dev/null; }
if installed; then exit 0; fi
waited=0
until mkdir .setup-lock 2>/dev/null; do
  if [ "$waited" -ge 300 ]; then
    echo "cocoon: another installation holds .setup-lock; remove the folder if none runs" >&2
    exit 1
  fi
  sleep 1
  waited=$((waited + 1))
done
trap 'rmdir .setup-lock' EXIT
if installed; then exit 0; fi
echo "cocoon: installing dependencies (npm ci)…" >&2
ONNXRUNTIME_NODE_INSTALL=skip npm ci --no-audit --no-fund --loglevel=error >&2
cp package-lock.json "$stamp"
