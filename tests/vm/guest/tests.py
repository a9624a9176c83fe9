# Runs the tests of this boot, those whose name matches the pattern given: every test_*.py of the boot's
# folder in the order of their names, each from top to bottom, after prepare.py. A line each:
# PASS boot/name, FAIL boot/name: reason, SKIP boot/name: reason.
import glob
import importlib
import os
import re
import sys
import time
import traceback

import vm


def last_words():
    """What the units said: the machine is gone when somebody reads the failure."""
    return vm.run("journalctl", "--no-pager", "-o", "cat", "-n", "15", "-u", "nacld", "-u",
                  "nacld-steering", "-u", "nacld-watch", check=False)


def run_one(name, test):
    begin = time.monotonic()
    try:
        test()
    except vm.Skip as reason:
        print(f"SKIP {name}: {reason}")
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        frame = next((f for f in reversed(traceback.extract_tb(error.__traceback__))
                      if "/test_" in f.filename), where)
        print(f"FAIL {name}: {frame.line}: {type(error).__name__}: {error}")
        print("    " + last_words().replace("\n", "\n    "))
        return False
    else:
        print(f"PASS {name} ({time.monotonic() - begin:.1f} s)")
    return True


def main():
    boot = os.environ["PHASE"]
    folder = f"/vm/boots/{boot}"
    sys.path.insert(0, folder)
    for file in sorted(glob.glob(f"{folder}/test_*.py")):
        importlib.import_module(os.path.basename(file).removesuffix(".py"))
    wanted = {name: t for t in vm.tests if re.search(sys.argv[1], name := f"{boot}/{t.__name__}")}
    if wanted and os.path.exists(f"{folder}/prepare.py"):
        importlib.import_module("prepare")
    results = [run_one(name, t) for name, t in wanted.items()]
    return 0 if all(results) else 1


if __name__ == "__main__":
    os.environ["NO_COLOR"] = "1"
    sys.exit(main())
