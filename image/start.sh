#!/bin/sh
# The entry of the image: gives V8's old space a limit that fits the container, then becomes the program, so that signals reach
# that alone. V8 has to know the limit before it starts. Each thread of the worker has a heap of its own below the same limit.
set -eu

# Upper bound, in MB: why this one, the Dockerfile says.
megabytes=1024

# What the container may use, in bytes (cgroup v2, v1). Not a number (`max`), or no file: no limit is known.
limit=
for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
  if [ -r "$file" ]; then
    read -r limit <"$file" || true
    break
  fi
done
case $limit in
  # Twelve digits are 100 GB, and v1 writes nineteen where nobody has set a limit: more than the bound in any case.
  '' | *[!0-9]* | ????????????*) ;;
  *)
    # A third of it, since two threads have a heap each, the main one and that of the workflows: the last third is for the native
    # core and buffers.
    third=$((limit / 3 / 1048576))
    if [ "$third" -gt 0 ] && [ "$third" -lt "$megabytes" ]; then megabytes=$third; fi
    ;;
esac

# Whoever says how large a heap may be has the last word.
case ${NODE_OPTIONS-} in
  *max[-_]old[-_]space[-_]size* | *max[-_]heap[-_]size*) ;;
  *) export NODE_OPTIONS="--max-old-space-size=$megabytes${NODE_OPTIONS:+ $NODE_OPTIONS}" ;;
esac
exec "$@"
