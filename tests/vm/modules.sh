# shellcheck shell=sh
# Sourced by tests/vm/image and tests/vm/kernel.

# prune DIR: of a kernel's modules in DIR, leaves the network stack, the few drivers that the machine has, and those
# of interfaces that are made of others (WireGuard needs ciphers of the processor's): all of it is unpacked into memory
# at every boot.
prune() {
	find "$1/kernel/drivers" "$1/kernel/fs" "$1/kernel/arch" "$1/kernel/sound" -type f \
		! -name 'veth.ko*' ! -name 'dummy.ko*' ! -name 'virtio*.ko*' ! -name 'net_failover.ko*' \
		! -name 'bonding.ko*' ! -name 'macvlan.ko*' ! -name 'vrf.ko*' ! -name 'wireguard.ko*' \
		! -name 'curve25519*.ko*' ! -name 'chacha*.ko*' ! -name 'poly1305*.ko*' \
		-delete 2>/dev/null || :
}
