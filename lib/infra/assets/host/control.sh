#!/bin/sh
# Does one thing to one unit for the agent, as root. One line in: `VERB UNIT`; one line out: `ok` or `failed REASON`.
set -eu
LC_ALL=C PATH=/usr/bin:/bin
export LC_ALL PATH

# What systemctl says goes to the journal; its first line is the reason.
try() {
  if said=$(systemctl "$@" 2>&1); then return 0; fi
  printf '%s\n' "${said}" >&2
  said=$(printf '%s' "${said}" | head -n 1)
  return 1
}

answer() {
  if "$@"; then echo ok; else echo "failed ${said}"; fi
}

# SIGTERM, without waiting: the agent knows how long the release may take, and asks for `kill` in the end. Nothing to end is no failure.
stop() {
  systemctl kill --signal=SIGTERM "$1" 2>/dev/null || true
}

# All that is left of it; then the unit is gone and forgotten.
kill_all() {
  systemctl kill --signal=SIGKILL "$1" 2>/dev/null || true
  try stop "$1" || return
  systemctl reset-failed "$1" 2>/dev/null || true
}

# RuntimeMaxSec and MemoryMax of the unit end what sends no line.
IFS= read -r request || request=
case "${request}" in
  'start blue' | 'start green') answer try start "slipway-app@${request#* }.service" ;;
  'stop blue' | 'stop green') answer stop "slipway-app@${request#* }.service" ;;
  'kill blue' | 'kill green') answer kill_all "slipway-app@${request#* }.service" ;;
  # Asked for only when the proxy is silent: one that hangs is started anew.
  'start proxy') answer try restart slipway-proxy.service ;;
  'reload proxy') answer try reload slipway-proxy.service ;;
  *) echo 'failed it is not a request that is known here' ;;
esac
