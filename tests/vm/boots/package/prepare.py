# Before the first test of this boot: a client, a cable, a web server. What made the machine's system left word that no
# package may start or stop anything (policy-rc.d), which no host has.
import os

import vm

if os.path.exists("/usr/sbin/policy-rc.d"):
    os.unlink("/usr/sbin/policy-rc.d")
vm.build_network()
