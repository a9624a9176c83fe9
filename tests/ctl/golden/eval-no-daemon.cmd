eval --socket absent.sock golden/eval.packets
