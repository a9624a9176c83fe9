"""naclctl export aws-cli, a thousand times: the script runs in a real bash whose `aws` writes down its arguments, these
are read as the AWS CLI reads them, applied to an empty network ACL, and imported again: the same canonical text."""
import argparse
import os
import subprocess

from evaluator import rng_for
from lib import scratch, take
from policies import config, random_entries
from test_export import ACLS, apply, canonical, describe, export

IN_ONE = 20
# Arguments end in NUL, a call in two: read with no guess about quoting. The script's own output is none of it.
AWS = r'''aws() { { printf '%s\0' "$@"; printf '\0'; } >>"$CALLS"; }; export -f aws; exec bash "$1" acl-1'''


def shorthand(text):
    """From=1,To=2: the CLI's shorthand of a structure of numbers."""
    return {key: int(value) for key, value in (pair.split("=") for pair in text.split(","))}


def parser():
    """The options of create- and replace-network-acl-entry (EC2 API 2016-11-15, awscli 2.9)."""
    p = argparse.ArgumentParser(allow_abbrev=False, exit_on_error=False)
    p.add_argument("service", choices=["ec2"])
    p.add_argument("command", choices=["create-network-acl-entry", "replace-network-acl-entry", "delete-network-acl-entry"])
    p.add_argument("--network-acl-id", required=True)
    p.add_argument("--rule-number", type=int, required=True)
    side = p.add_mutually_exclusive_group(required=True)
    side.add_argument("--ingress", dest="egress", action="store_false")
    side.add_argument("--egress", dest="egress", action="store_true")
    for name in ("protocol", "rule-action", "cidr-block", "ipv6-cidr-block"):
        p.add_argument(f"--{name}")
    p.add_argument("--port-range", type=shorthand)
    p.add_argument("--icmp-type-code", type=shorthand)
    return p


def entry_of(given):
    entry = {"RuleNumber": given.rule_number, "Egress": given.egress, "Protocol": given.protocol, "RuleAction": given.rule_action}
    more = {"CidrBlock": given.cidr_block, "Ipv6CidrBlock": given.ipv6_cidr_block, "PortRange": given.port_range,
            "IcmpTypeCode": given.icmp_type_code}
    return entry | {key: value for key, value in more.items() if value is not None}


def run(script, folder):
    """What the script asks of AWS: (verb, entry) in order."""
    (folder / "script").write_text(script)
    calls = folder / "calls"
    calls.write_bytes(b"")
    done = subprocess.run(["bash", "-c", AWS, "bash", str(folder / "script")], capture_output=True, text=True, timeout=60,
                          env={"PATH": os.environ["PATH"], "CALLS": str(calls)})
    assert done.returncode == 0, done
    for call in calls.read_text().split("\0\0")[:-1]:
        given = parser().parse_args(call.split("\0"))
        assert given.network_acl_id == "acl-1", call
        yield given.command.split("-")[0], entry_of(given)


def test_a_thousand_scripts():
    rng = rng_for("scripts")
    asked = 0
    with scratch() as folder:
        for _ in range(ACLS // IN_ONE):
            acls = [(f"acl-{i}", random_entries(rng, 4)) for i in range(IN_ONE)]
            text = config(acls)
            answers = []
            for name, entries in acls:
                done = export("aws-cli", text, "--acl", name)
                assert done.status == 0, done
                now = []
                for verb, entry in run(done.out, folder):
                    assert verb == "replace", (verb, entry)  # which falls back to create where there is none
                    now = apply(now, "create", entry)
                    asked += 1
                answers.append(describe(now, name))
            back = take("\n".join(answers), "--all")
            assert back.status in (0, 1) and canonical(back.out) == canonical(text), (text, back)
    assert asked > ACLS, asked
