# Before the first test of this boot: a client, a cable, a web server.
import vm

vm.build_network()
