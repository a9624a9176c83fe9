# Runs the tests of this machine in the order they are written, those whose name matches the pattern
# given; a line each: PASS name, FAIL name: reason, SKIP name: reason.
import os
import re
import sys
import traceback

import vm


def last_words():
    """What the units said: the machine is gone when somebody reads the failure."""
    return vm.run("journalctl", "--no-pager", "-o", "cat", "-n", "15", "-u", "nacld", "-u",
                  "nacld-steering", "-u", "nacld-watch", check=False)


def run_one(test):
    name = test.__name__
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
        print(f"PASS {name}")
    return True


def main():
    phase = open("/vm/phase").read().strip()
    __import__(f"test_{phase}")
    if phase == "installed":
        import test_traffic  # its tests come after those of the service
        import test_watch
        del test_traffic, test_watch
        vm.build_network()
    wanted = [t for t in vm.tests if re.search(sys.argv[1], t.__name__)]
    results = [run_one(t) for t in wanted]
    return 0 if all(results) else 1


if __name__ == "__main__":
    os.environ["NO_COLOR"] = "1"
    sys.exit(main())
