"""naclctl export: round trips, and the order in which a difference is applied."""
import json
import os
import re
import shlex

from evaluator import evaluate, random_packet, rng_for
from lib import check, naclctl, scratch, take
from policies import acl_text, config, random_entries

ACLS = int(os.environ.get("INTEROP_POLICIES", "1000"))
IN_ONE = 20  # network ACLs of a policy: each is a policy of its own, and processes are few
JSON_FORMATS = ("aws-json", "cloudformation", "terraform")


def export(form, text, *args):
    with scratch() as folder:
        (folder / "nacld.conf").write_text(text)
        return naclctl("export", form, "-f", str(folder / "nacld.conf"), *args)


def canonical(text):
    done = check(text)
    assert done.status == 0, done
    return re.sub(r' comment = "[^"]*";', "", done.out[done.out.index("network_acls"):])


def test_a_thousand_round_trips():
    rng = rng_for("round trip")
    for _ in range(ACLS // IN_ONE):
        text = config([(f"acl-{i}.{rng.randrange(99)}", random_entries(rng)) for i in range(IN_ONE)])
        want = canonical(text)
        for form in JSON_FORMATS:
            done = export(form, text)
            assert done.status == 0, (form, done)
            back = take(done.out, "--all")
            assert back.status in (0, 1) and canonical(back.out) == want, (form, text, back)


COMMAND = re.compile(r"(create|replace|delete) +--(ingress|egress) --rule-number (\d+)(.*)")


def steps(script):
    """What the script does: (verb, entry, whether it says that it leaves a gap)."""
    found, gap = [], False
    for line in script.splitlines():
        gap = gap or line.startswith("# The numbers before")
        match = COMMAND.fullmatch(line)
        if not match:
            continue
        entry = {"RuleNumber": int(match[3]), "Egress": match[2] == "egress"}
        words = shlex.split(match[4])
        for key, value in zip(words[::2], words[1::2]):
            pairs = {k: int(v) for k, _, v in (p.partition("=") for p in value.split(","))} if "=" in value else None
            entry[{"--protocol": "Protocol", "--rule-action": "RuleAction", "--cidr-block": "CidrBlock",
                   "--ipv6-cidr-block": "Ipv6CidrBlock", "--port-range": "PortRange",
                   "--icmp-type-code": "IcmpTypeCode"}[key]] = pairs or value
        found.append((match[1], entry, gap))
        gap = False
    return found


def apply(entries, verb, entry):
    """EC2 creates only what is not there, and replaces and deletes only what is."""
    key = (entry["Egress"], entry["RuleNumber"])
    there = [e for e in entries if (e["Egress"], e["RuleNumber"]) == key]
    assert len(there) == (0 if verb == "create" else 1), (verb, entry)
    rest = [e for e in entries if e not in there]
    return rest if verb == "delete" else rest + [entry]


def plain(entries):
    return sorted((json.dumps(e, sort_keys=True) for e in entries))


def describe(entries, name="web"):
    return json.dumps({"NetworkAcls": [{"NetworkAclId": "acl-0123456789abcdef0", "Associations": [], "Entries": entries,
                                        "Tags": [{"Key": "Name", "Value": name}], "VpcId": "vpc-1"}]})


def difference(before, after):
    with scratch() as folder:
        (folder / "now.json").write_text(describe(before))
        done = export("aws-cli", config([("web", after)]), "--against", str(folder / "now.json"))
    assert done.status == 0, done
    return done


def mutate(rng, entries):
    """A few rules moved, swapped, changed, removed, added."""
    entries = [dict(e) for e in entries]
    for _ in range(rng.randint(1, 5)):
        egress = rng.random() < 0.5
        side = [e for e in entries if e["Egress"] == egress]
        if len(side) >= 2 and rng.random() < 0.4:
            a, b = rng.sample(side, 2)
            a["RuleNumber"], b["RuleNumber"] = b["RuleNumber"], a["RuleNumber"]
        elif side and rng.random() < 0.3:
            entries.remove(rng.choice(side))
        else:
            new = random_entries(rng, 3)
            taken = {(e["Egress"], e["RuleNumber"]) for e in new if e["Egress"] == egress}
            entries = [e for e in entries if (e["Egress"], e["RuleNumber"]) not in taken]
            entries += [e for e in new if e["Egress"] == egress]
    return entries


def test_the_way_to_the_new_list_keeps_what_both_allow():
    rng = rng_for("transition")
    gaps = replaced = temporary = 0
    for _ in range(300):
        before = random_entries(rng, 7)
        after = mutate(rng, before) if rng.random() < 0.8 else random_entries(rng, 7)
        done = difference(before, after)
        temporary += done.out.count("stands in")
        packets = [random_packet(before + after or None, rng) for _ in range(60)]
        both = [(p, evaluate(before, p)[0]) for p in packets if evaluate(before, p)[0] == evaluate(after, p)[0]]
        now, late = before, False
        for verb, entry, gap in steps(done.out):
            assert not (late and verb == "create"), "deletions come last"
            now = apply(now, verb, entry)
            gaps += gap
            replaced += verb == "replace"
            if gap:
                both = []  # it said so
            for packet, action in both:
                assert evaluate(now, packet)[0] == action, (before, after, verb, entry, packet)
        assert plain(now) == plain(after), (before, after, done)
    assert replaced > 100 and temporary > 20 and gaps < 100, (replaced, temporary, gaps)


def test_a_reply_rule_that_changes_places():
    rule = {"Egress": True, "RuleAction": "allow", "Protocol": "6", "CidrBlock": "0.0.0.0/0"}
    reply, web = rule | {"PortRange": {"From": 1024, "To": 65535}}, rule | {"PortRange": {"From": 443, "To": 443}}
    done = difference([web | {"RuleNumber": 100}, reply | {"RuleNumber": 110}], [reply | {"RuleNumber": 100}, web | {"RuleNumber": 110}])
    verbs = [verb for verb, _, _ in steps(done.out)]
    assert verbs[0] == "create" and verbs[-1] == "delete" and "replace" in verbs and "The numbers before" not in done.out, done
    assert "acl=${1:-acl-0123456789abcdef0}" in done.out
    same = difference([web | {"RuleNumber": 100}], [web | {"RuleNumber": 100}])
    assert steps(same.out) == [] and "Nothing to do" in same.out


def test_what_is_there_is_put_back_the_same():
    """export(import(file)) is file, in content."""
    rng = rng_for("there and back")
    for _ in range(40):
        entries = random_entries(rng)
        imported = take(describe(entries), "--host")
        assert imported.status in (0, 1), imported
        done = export("aws-json", imported.out)
        back = [e for e in json.loads(done.out)["NetworkAcls"][0]["Entries"] if e["RuleNumber"] < 32767]
        assert plain(back) == plain(entries), (entries, back)


SET = """sets = ( { name = "office"; addresses = [ "192.0.2.0/25", "198.51.100.7", "2001:db8::/32" ]; } );
network_acls = ( { name = "web"; associations = ( { host = true; } );
  inbound = ( { rule = 100; action = "allow"; protocol = "icmpv6"; type = 128; code = -1; source = "@office"; }%s );
  outbound = ( ); } );
"""


def test_address_sets_are_expanded():
    for form in JSON_FORMATS:
        done = export(form, SET % "")
        back = take(done.out, "--host")
        assert back.out.count("rule = ") == 3 and "rule = 102" in back.out, (form, back)
        assert back.out.count("type = 128") == 1  # with an IPv4 CIDR it covers every type
    tight = SET % ', { rule = 102; action = "deny"; protocol = "all"; source = "0.0.0.0/0"; }'
    done = export("aws-json", tight)
    assert done.status == 2 and done.out == "" and "3 prefixes" in done.err and "2 numbers" in done.err, done
    many = SET.replace('"198.51.100.7"', ", ".join(f'"10.0.{i}.0/24"' for i in range(45)))
    done = export("cloudformation", many % "")
    assert done.status == 2 and done.out == "" and "47 IPv4 inbound entries" in done.err and "40 at most" in done.err, done


def test_choosing_and_usage():
    text = "network_acls = (" + acl_text("web", []) + ", " + acl_text("db", []) + ");\n"
    both = export("aws-json", text)
    assert len(json.loads(both.out)["NetworkAcls"]) == 2 and "associations" in both.err
    one = json.loads(export("aws-json", text, "--acl", "db").out)["NetworkAcls"]
    assert [a["Tags"][0]["Value"] for a in one] == ["db"]
    for args, words in ((("aws-cli",), "--acl web"), (("aws-json", "--acl", "no"), 'no network ACL "no"'),
                        (("terraform", "--against", "x"), "--against is for aws-cli"), (("nft", "--acl", "web"), "no --acl"),
                        (("aws-cli", "--acl", "web", "--against", "/nonexistent"), "No such file")):
        done = export(args[0], text, *args[1:])
        assert done.status == 2 and words in done.err, (args, done)
    with scratch() as folder:
        (folder / "now").write_text('{"NetworkAcls": [{"NetworkAclId": "acl-1"}]}')
        cut = export("aws-cli", text, "--acl", "web", "--against", str(folder / "now"))
        assert cut.status == 2 and cut.out == "" and 'no list "Entries"' in cut.err, cut
