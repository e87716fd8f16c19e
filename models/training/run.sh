#!/bin/sh
# Repeats the whole training: model in three legs, evaluation, export. One CPU thread.
# Usage: ./run.sh [WORK_FOLDER]   (checkpoints go there; the exported model goes to ../demo)
set -eu
cd "$(dirname "$0")"
work=${1:-/tmp/cocoon-demo}
python=${PYTHON:-/usr/bin/python3}
mkdir -p "$work"

# One thread (more threads change the last bits) and no trimming of freed memory (it costs much time).
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 MALLOC_TRIM_THRESHOLD_=4000000000 MALLOC_MMAP_THRESHOLD_=4000000000
train() { "$python" train.py "$@" --tokenizer tokenizer.json; }

"$python" facts.py
"$python" skills.py
train "$work/leg1.pt" --leg 1 --seed 1 --steps 5000 --lr 0.004
train "$work/leg2.pt" --leg 2 --seed 2 --steps 1500 --lr 0.002 --init "$work/leg1.pt"
train "$work/model.pt" --leg 3 --seed 3 --steps 500 --lr 0.0012 --init "$work/leg2.pt"
"$python" evaluate.py "$work/model.pt" tokenizer.json --cases "$work/cases.json"
"$python" export.py "$work/model.pt" tokenizer.json ../demo
