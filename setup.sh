#!/bin/sh
# Installs the exact dependencies when they are missing or when the lock file has changed.
set -eu
cd "$(dirname "$0")"
stamp=node_modules/.cocoon-lock
if ! cmp -s package-lock.json "$stamp" 2>/dev/null; then
  echo "cocoon: installing dependencies (npm ci)…" >&2
  ONNXRUNTIME_NODE_INSTALL=skip npm ci --no-audit --no-fund --loglevel=error >&2
  cp package-lock.json "$stamp"
fi
