# shellcheck shell=sh
# Sourced by tests/vm/image and tests/vm/kernel.

# prune DIR: of a kernel's modules in DIR, leaves the network stack and the few drivers that the machine has: all
# of it is unpacked into memory at every boot.
prune() {
	find "$1/kernel/drivers" "$1/kernel/fs" "$1/kernel/arch" "$1/kernel/sound" -type f \
		! -name 'veth.ko*' ! -name 'dummy.ko*' ! -name 'virtio*.ko*' ! -name 'net_failover.ko*' \
		-delete 2>/dev/null || :
}
