"""What an import costs: instructions, which callgrind counts the same on a busy machine."""
import json
import re
import shutil
import subprocess

from lib import BUILD, NACLCTL, Skip, scratch

# 200 network ACLs of 40 entries as the AWS CLI prints them are 3 MB. jansson's part, parsing and freeing, is 61 %: 381
# of 623 million instructions (libjansson 2.14). What is ours may be three quarters of jansson's, and no more.
OURS_OF_JANSSONS = 0.75


def answer():
    def entry(acl, egress, i):
        return {"CidrBlock": f"10.{acl}.{i}.0/24", "Egress": egress, "PortRange": {"From": 1000 + i, "To": 2000 + i},
                "Protocol": "6", "RuleAction": "allow", "RuleNumber": 100 + i * 10}
    acls = [{"Associations": [], "Entries": [entry(a, egress, i) for egress in (False, True) for i in range(20)],
             "IsDefault": False, "NetworkAclId": f"acl-{a:017x}", "Tags": [{"Key": "Name", "Value": f"net{a}"}],
             "VpcId": "vpc-1", "OwnerId": "123456789012"} for a in range(200)]
    return json.dumps({"NetworkAcls": acls}, indent=4)


def counted(listing, what):
    found = re.search(rf"^ *([\d,]+) .*{what}", listing, re.M)
    assert found, (what, listing[:3000])
    return int(found[1].replace(",", ""))


def test_two_hundred_acls():
    if not shutil.which("valgrind") or "san" in BUILD.name:
        raise Skip("valgrind is missing, or a sanitizer in its place")
    with scratch() as folder:
        (folder / "acls.json").write_text(answer())
        done = subprocess.run(["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={folder}/out", NACLCTL, "import", "--all",
                               str(folder / "acls.json")], capture_output=True, text=True, timeout=300)
        assert done.returncode == 1 and done.stdout.count("rule = ") == 8000, done.stderr[-2000:]  # no associations
        listing = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", f"{folder}/out"],
                                 capture_output=True, text=True, timeout=100).stdout
    total = counted(listing, "PROGRAM TOTALS")
    jansson = counted(listing, ":json_loadb ") + counted(listing, ":json_delete ")
    ours = total - jansson
    assert ours < jansson * OURS_OF_JANSSONS, f"{ours:,} of our own beside {jansson:,} of jansson's"
