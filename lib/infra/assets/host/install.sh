#!/bin/bash
# Makes users, folders and units of this host from the files beside it, and starts the agent. Run again it changes nothing.
set -euo pipefail
umask 022
PATH=/usr/sbin:/usr/bin:/sbin:/bin

readonly here=/opt/slipway/host
readonly node=/opt/slipway/runtime/package/bin/node
readonly settings=/etc/slipway/agent.json
readonly units=/etc/systemd/system
changed=no

# place SOURCE TARGET: TARGET is replaced only if it differs, and as a whole.
place() {
  if cmp -s "$1" "$2"; then return 0; fi
  install -D -m 0644 "$1" "$2.new"
  mv -f "$2.new" "$2"
  changed=yes
}

place_text() {
  local file
  file=$(mktemp)
  printf '%s\n' "$1" >"${file}"
  place "${file}" "$2"
  rm -f "${file}"
}

fail() {
  echo "slipway: install: $*" >&2
  exit 1
}

for tool in systemctl systemd-sysusers systemd-notify journalctl ip haproxy; do
  command -v "${tool}" >/dev/null || fail "${tool} is missing; install it"
done

place "${here}/slipway.sysusers.conf" /etc/sysusers.d/slipway.conf
systemd-sysusers /etc/sysusers.d/slipway.conf || fail 'the users cannot be made'
install -d -m 0750 -o root -g slipway /etc/slipway
[ -f "${settings}" ] || fail "${settings} is missing"
chown root:slipway "${settings}"
chmod 0640 "${settings}"
# Before the agent has made them: units that are checked or started by hand must find them.
install -d -m 0750 -o slipway -g slipway /var/lib/slipway
install -d -m 0700 -o slipway-app -g slipway-app /var/lib/slipway-app

said=$("${node}" --version 2>&1) || fail "${node} does not run: ${said}"
listen=$("${node}" "${here}/listen-address.cjs" "${settings}") || fail "${settings} names no address to listen on"

for unit in "${here}"/*.service "${here}"/*.socket; do
  place "${unit}" "${units}/${unit##*/}"
done
place_text "# From ${settings}
[Socket]
ListenStream=
ListenStream=${listen}" "${units}/slipway-proxy.socket.d/listen.conf"

if [ "${changed}" = yes ]; then systemctl daemon-reload; fi
systemctl --quiet enable slipway-control.socket slipway-agent.service
systemctl start slipway-control.socket
if [ "${changed}" = yes ]; then verb=restart; else verb=start; fi
if ! systemctl "${verb}" slipway-agent.service; then
  journalctl --unit=slipway-agent.service --lines=20 --no-pager --output=cat >&2 || true
  fail 'the agent does not start; its last lines stand above'
fi
