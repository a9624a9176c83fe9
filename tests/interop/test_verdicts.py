"""What AWS would decide for the source is what nacld decides for the import: an evaluator of the tests' own, on the raw
input (raw.py), against `naclctl eval`. The inputs are random network ACLs in the spellings of each format."""
import json

import raw
from evaluator import evaluate, line, random_packet, rng_for
from lib import PACKETS, take, verdicts
from policies import random_entries
from test_export import export, plain

NAMES = {"6": ["tcp", "6", "TCP"], "17": ["udp", "17"], "1": ["icmp", "1"], "-1": ["-1", "all"], "58": ["58", "icmpv6"]}
ONE = 6  # network ACLs a format


def agree(entries, done):
    """Both sides on packets near the rules; returns which rules decided."""
    rng = rng_for(json.dumps(entries))
    packets = [random_packet(entries, rng) for _ in range(PACKETS // ONE)]
    got = verdicts("exempt = [];\n" + done.out, [line(p) for p in packets])
    wrong = [(line(p), g, evaluate(entries, p)) for p, g in zip(packets, got) if g != evaluate(entries, p)]
    assert not wrong, (wrong[:5], done)
    return {number for _, number in got}


def terraform_fields(rng, e, names):
    """An entry under Terraform's names, in one of the ways people write it."""
    number, action = names
    v6 = "Ipv6CidrBlock" in e
    made = {number: e["RuleNumber"], action: e["RuleAction"], "protocol": rng.choice(NAMES.get(e["Protocol"], [e["Protocol"]]))}
    made["ipv6_cidr_block" if v6 else "cidr_block"] = e["Ipv6CidrBlock" if v6 else "CidrBlock"]
    made["cidr_block" if v6 else "ipv6_cidr_block"] = rng.choice([None, ""])
    ports = e.get("PortRange")
    made["from_port"], made["to_port"] = (ports["From"], ports["To"]) if ports else rng.choice([(0, 0), (None, None)])
    icmp = e.get("IcmpTypeCode")
    made["icmp_type"], made["icmp_code"] = (icmp["Type"], icmp["Code"]) if icmp else rng.choice([(0, 0), (None, None)])
    return made


def terraform_state(rng, entries):
    """Some rules as blocks and the rest as resources of their own, some of these in a module."""
    blocks = {False: [], True: []}
    resources = {"root": [], "child": []}
    for i, e in enumerate(entries):
        if rng.random() < 0.5:
            blocks[e["Egress"]].append(terraform_fields(rng, e, ("rule_no", "action")))
            continue
        values = terraform_fields(rng, e, ("rule_number", "rule_action")) | {"network_acl_id": "acl-1"}
        if e["Egress"] or rng.random() < 0.5:
            values["egress"] = e["Egress"]
        where = rng.choice(["root", "child"])
        address = f"{'module.net.' if where == 'child' else ''}aws_network_acl_rule.r[{i}]"
        resources[where].append({"address": address, "mode": "managed", "type": "aws_network_acl_rule", "name": "r",
                                 "index": i, "values": values})
    own = {"id": "acl-1", "tags": {"Name": "web"}, "ingress": blocks[False], "egress": blocks[True]}
    acl = {"address": "aws_network_acl.web", "mode": "managed", "type": "aws_network_acl", "name": "web", "values": own}
    child = {"address": "module.net", "resources": resources["child"]}
    return {"format_version": "1.0", "values": {"root_module": {"resources": [acl] + resources["root"], "child_modules": [child]}}}


def ansible_row(rng, e):
    word = rng.choice({"6": ["tcp"], "17": ["udp"], "1": ["icmp"], "-1": ["all"], "58": ["ipv6-icmp", "58"]}.get(e["Protocol"], [e["Protocol"]]))
    row = [e["RuleNumber"], word, e["RuleAction"], e.get("CidrBlock") or e["Ipv6CidrBlock"]]
    if "IcmpTypeCode" in e:
        row += [e["IcmpTypeCode"]["Type"], e["IcmpTypeCode"]["Code"]]
        return row if rng.random() < 0.5 else row + [None, None]
    ports = e.get("PortRange")
    return row + [None, None] + ([ports["From"], ports["To"]] if ports else rng.choice([[None, None], [0, 65535]]))


def test_terraform():
    rng = rng_for("terraform verdicts")
    decided = set()
    for _ in range(ONE):
        document = terraform_state(rng, random_entries(rng))
        done = take(document, "--host", "--acl", "web")
        assert done.status in (0, 1), (document, done)
        decided |= agree(raw.terraform(document), done)
    assert len(decided) > 15, decided


def test_ansible():
    rng = rng_for("ansible verdicts")
    decided = set()
    for _ in range(ONE):
        entries = random_entries(rng)
        rows = {egress: [ansible_row(rng, e) for e in entries if e["Egress"] == egress] for egress in (False, True)}
        acl = {"nacl_id": "acl-1", "vpc_id": "vpc-1", "tags": {"Name": "web"}, "subnets": [], "ingress": rows[False],
               "egress": rows[True]}
        done = take({"changed": False, "nacls": [acl]}, "--host")
        assert done.status in (0, 1), (acl, done)
        decided |= agree(raw.ansible(rows[False], rows[True]), done)
    assert len(decided) > 15, decided


def cloudformation_template(rng, entries):
    """Numbers or strings of digits, Egress spelled out or not, properties in no order."""
    resources = {"Acl": {"Type": "AWS::EC2::NetworkAcl", "Properties": {"VpcId": "vpc-1", "Tags": [{"Key": "Name", "Value": "web"}]}}}
    for i, e in enumerate(entries):
        text = rng.choice([str, int])
        p = {"NetworkAclId": {"Ref": "Acl"}, "RuleNumber": text(e["RuleNumber"]), "RuleAction": e["RuleAction"],
             "Protocol": text(e["Protocol"])}
        p |= {k: e[k] for k in ("CidrBlock", "Ipv6CidrBlock") if k in e}
        if e["Egress"] or rng.random() < 0.5:
            p["Egress"] = e["Egress"] if rng.random() < 0.5 else str(e["Egress"]).lower()
        if "PortRange" in e:
            p["PortRange"] = {k: text(v) for k, v in e["PortRange"].items()}
        if "IcmpTypeCode" in e:
            p["Icmp"] = {k: text(v) for k, v in e["IcmpTypeCode"].items()}
        resources[f"Entry{i}"] = {"Type": "AWS::EC2::NetworkAclEntry", "Properties": dict(rng.sample(sorted(p.items()), len(p)))}
    return {"Resources": resources}


def test_cloudformation():
    rng = rng_for("cloudformation verdicts")
    decided = set()
    for _ in range(ONE):
        template = cloudformation_template(rng, random_entries(rng))
        done = take(template, "--host")
        assert done.status in (0, 1), (template, done)
        decided |= agree(raw.cloudformation(template), done)
    assert len(decided) > 15, decided


def test_what_is_there_is_put_back_the_same():
    """export(import(file)) is the file in content: CloudFormation and Terraform, each in its own format."""
    rng = rng_for("there and back, formats")
    for make, read, form in ((cloudformation_template, raw.cloudformation, "cloudformation"), (terraform_state, raw.terraform, "terraform")):
        for _ in range(30):
            document = make(rng, random_entries(rng))
            done = take(document, "--host", "--acl", "web")
            assert done.status in (0, 1), (document, done)
            exported = export(form, done.out)
            assert exported.status == 0, exported
            assert plain(read(json.loads(exported.out))) == plain(read(document)), (document, exported)


def test_the_evaluator_would_object():
    """The comparison can fail: a rule more, and a port that is another."""
    entries = [{"RuleNumber": 100, "Egress": False, "RuleAction": "allow", "Protocol": "6", "CidrBlock": "0.0.0.0/0",
                "PortRange": {"From": 443, "To": 443}}]
    template = cloudformation_template(rng_for("objection"), entries)
    template["Resources"]["Entry0"]["Properties"]["PortRange"]["To"] = 444
    done = take(template, "--host")
    try:
        agree(entries, done)
    except AssertionError:
        return
    raise RuntimeError("port 444 was not noticed")
