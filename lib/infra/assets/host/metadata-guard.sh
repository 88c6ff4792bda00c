#!/bin/sh
# Forbids two users the way to the instance metadata by routing rules, which hold with any version of cgroups; fails unless they do.
set -eu
PATH=/usr/sbin:/sbin:/usr/bin:/bin
export PATH

# A forbidden address has no route. No answer for another reason is no proof, so the user without the rule is asked as well.
is_forbidden() {
  case "$(LC_ALL=C ip "$1" route get "$2" uid "$3" 2>&1)" in
    *'Permission denied'* | *prohibit*) return 0 ;;
    *) return 1 ;;
  esac
}

forbid() {
  if is_forbidden "$@"; then return 0; fi
  # systemd-networkd removes the rules of others, but for those of protocol kernel: networkd.conf(5), ManageForeignRoutingPolicyRules.
  ip "$1" rule add priority 100 to "$2" uidrange "$3-$3" protocol kernel prohibit
  if is_forbidden "$@"; then return 0; fi
  echo "slipway: forbid user $3 the way to $2: the rule is there and does not hold" >&2
  return 1
}

for user in slipway-app slipway-proxy; do
  uid=$(id -u "${user}")
  forbid -4 169.254.169.254 "${uid}"
  # A kernel without IPv6 has no way to forbid.
  if [ -e /proc/net/if_inet6 ]; then forbid -6 fd00:ec2::254 "${uid}"; fi
done
