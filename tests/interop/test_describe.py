"""describe-network-acls and its relatives."""
import json

from evaluator import evaluate, line, random_packet, rng_for
from lib import PACKETS, check, naclctl, scratch, take, verdicts


def entry(number=100, egress=False, **fields):
    return {"RuleNumber": number, "Egress": egress, "RuleAction": "allow", "Protocol": "6", "CidrBlock": "0.0.0.0/0",
            "PortRange": {"From": 443, "To": 443}} | fields


def without(one, *keys):
    return {k: v for k, v in one.items() if k not in keys}


DEFAULT = {"RuleNumber": 32767, "Egress": False, "RuleAction": "deny", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"}
DEFAULT6 = {"RuleNumber": 32768, "Egress": False, "RuleAction": "deny", "Protocol": "-1", "Ipv6CidrBlock": "::/0"}


def acl(*entries, name="web", ident="acl-0123456789abcdef0", **more):
    return {"Associations": [], "Entries": list(entries), "IsDefault": False, "NetworkAclId": ident,
            "Tags": [{"Key": "Name", "Value": name}], "VpcId": "vpc-0123456789abcdef0"} | more


def answer(*acls, **more):
    return {"NetworkAcls": list(acls)} | more


ICMP = without(entry(Protocol="1", IcmpTypeCode={"Type": 8, "Code": 0}), "PortRange")
ICMP6 = without(entry(Protocol="58", Ipv6CidrBlock="::/0", IcmpTypeCode={"Type": -1, "Code": -1}), "PortRange",
                "CidrBlock")
SAMPLE = answer(acl(
    entry(100), entry(200, CidrBlock="198.51.100.0/24", PortRange={"From": 22, "To": 22}),
    entry(150, RuleAction="deny", CidrBlock="198.51.100.128/25", PortRange={"From": 0, "To": 65535}),
    entry(110, Protocol="17", PortRange={"From": 53, "To": 53}), ICMP | {"RuleNumber": 120}, ICMP6 | {"RuleNumber": 130},
    without(entry(140, Protocol="47", CidrBlock="203.0.113.0/24"), "PortRange"),
    entry(100, True, PortRange={"From": 1024, "To": 65535}),
    without(entry(110, True, Protocol="-1", CidrBlock="10.0.0.0/8"), "PortRange"),
    DEFAULT, DEFAULT6, DEFAULT | {"Egress": True}, DEFAULT6 | {"Egress": True}))


def test_an_answer_becomes_a_configuration():
    done = take(SAMPLE, "--host")
    assert done.status == 0, done
    assert "stdin: acl-0123456789abcdef0 \"web\": 13 entries: 9 rules, 4 defaults (*)" in done.err, done
    assert 'name = "web"' in done.out and "acl-0123456789abcdef0" in done.out and "vpc-0123456789abcdef0" in done.out
    checked = check(done.out)
    assert checked.status == 0 and "warning" not in checked.err, checked


def test_it_judges_like_the_original():
    done = take(SAMPLE, "--host")
    entries = SAMPLE["NetworkAcls"][0]["Entries"]
    rng = rng_for("describe")
    packets = [random_packet(entries, rng) for _ in range(PACKETS)]
    got = verdicts("exempt = [];\n" + done.out, [line(p) for p in packets])
    wrong = [(line(p), g, evaluate(entries, p)) for p, g in zip(packets, got) if g != evaluate(entries, p)]
    assert not wrong, wrong[:5]
    assert len(set(got)) >= 8, "packets that few rules decide"


def test_each_rule_tells_its_origin():
    text = json.dumps(SAMPLE, indent=1)
    with scratch() as folder:
        (folder / "acl.json").write_text(text)
        done = naclctl("import", "--host", "acl.json", cwd=folder)
    lines = text.splitlines()
    places = [int(line.split("acl.json:")[1].split('"')[0]) for line in done.out.splitlines()
              if "acl.json:" in line and "acl-0" not in line]
    assert len(places) >= 9
    assert all(lines[place - 1].strip() == "{" for place in places), places


def test_explain_names_the_origin_of_the_rule():
    text = json.dumps(SAMPLE, indent=1)
    with scratch() as folder:
        (folder / "acl.json").write_text(text)
        (folder / "nacld.conf").write_text(naclctl("import", "--host", "acl.json", cwd=folder).out)
        packet = ["in", "tcp", "198.51.100.200:40000", "192.0.2.1:22"]
        told = naclctl("explain", "-f", "nacld.conf", *packet, cwd=folder)
        as_json = json.loads(naclctl("explain", "--json", "-f", "nacld.conf", *packet, cwd=folder).out)
        printed = naclctl("check", "--print", "nacld.conf", cwd=folder).out
    line = text.splitlines().index('     "RuleNumber": 150,')
    assert f"matches: DROPPED (acl.json:{line})" in told.out, told
    assert as_json["request"]["steps"][0]["comment"] == f"acl.json:{line}"
    assert f'comment = "acl.json:{line}";' in printed  # what the daemon hands out


def test_comments_of_rules():
    """Any text of one line comes back as it was; control characters are refused."""
    rule = '{ rule = 1; action = "allow"; protocol = "all"; source = "0.0.0.0/0"; comment = "%s"; }'
    text = 'network_acls = ( { name = "a"; associations = ( ); inbound = ( ' + rule + " ); outbound = ( ); } );\n"
    printed = check(text % 'a \\"b\\" \\\\ \u00e9')
    assert printed.status == 0 and 'comment = "a \\"b\\" \\\\ \u00e9";' in printed.out, printed
    assert check(printed.out).out == printed.out
    refused = check(text % "a\tb")
    assert refused.status == 2 and "one line" in refused.err, refused


def test_the_shapes_it_comes_in():
    one = acl(entry(100), DEFAULT)
    shapes = [answer(one), one, {"NetworkAcl": one, "ClientToken": "x"}, [one], [[one]], [answer(one)],
              answer(one, **{"$metadata": {"httpStatusCode": 200}}), answer(one, NextToken=None),
              [answer(one, NextToken="more"), answer()]]
    for shape in shapes:
        done = take(shape, "--host")
        assert done.status == 0 and 'name = "web"' in done.out, (shape, done)
        assert "2 entries: 1 rule, 1 default (*)" in done.err, done


def test_pages_in_a_row():
    first, second = acl(entry(), ident="acl-1"), acl(entry(200), ident="acl-2", name="db")
    text = json.dumps(answer(first, NextToken="x"), indent=1) + "\n" + json.dumps(answer(second), indent=1)
    done = take(text, "--acl", "db", "--host")
    assert done.status == 0 and "rule = 200" in done.out, done
    done = take(text)
    assert done.status == 2 and "acl-1" in done.err and 'acl-2 "db"' in done.err and not done.out, done
    # Places go on counting over the pages.
    row = text.splitlines()[:].index('     "RuleNumber": 200,') + 1
    assert f"stdin:{row - 1}" in take(text, "--acl", "db", "--host").out


def test_bare_entries():
    done = take([entry(), DEFAULT], "--host", "--acl", "front")
    assert done.status == 0 and 'name = "front"' in done.out, done
    assert take([entry(), DEFAULT], "--host").status == 0
    flattened = take([entry(), entry(CidrBlock="10.0.0.0/8")], "--host")  # --query 'NetworkAcls[].Entries[]'
    assert flattened.status == 2 and "stands twice" in flattened.err and not flattened.out


def test_yaml_is_the_same():
    text = """NetworkAcls:
- Associations:
  - {NetworkAclAssociationId: aclassoc-1, NetworkAclId: acl-1, SubnetId: subnet-1}
  Entries:
  - CidrBlock: 0.0.0.0/0
    Egress: false
    PortRange:
      From: 443
      To: 443
    Protocol: '6'
    RuleAction: allow
    RuleNumber: 100
  - Egress: true
    Ipv6CidrBlock: ::/0
    Protocol: '-1'
    RuleAction: deny
    RuleNumber: 101
  NetworkAclId: acl-1
  Tags:
  - Key: Name
    Value: no
"""
    done = take(text, "--subnet", "subnet-1=10.0.1.0/24")
    assert done.status == 0 and 'name = "no"' in done.out and 'subnet = "10.0.1.0/24"' in done.out, done
    assert "stdin:5" in done.out and "stdin:13" in done.out
    stream = "- " + text.replace("\n", "\n  ").rstrip() + "\n  NextToken: abc\n- NetworkAcls: []\n"
    assert take(stream, "--host").status == 0, take(stream, "--host")
    assert check(done.out).status == 0


def only(one, *args):
    return take(answer(acl(one)), "--host", *args)


def test_what_is_refused():
    v6 = without(entry(), "CidrBlock")
    cases = [
        (entry(PortRange={"From": 53}), "PortRange.From without PortRange.To"),
        (entry(PortRange={"To": 53}), "PortRange.To without PortRange.From"),
        (entry(PortRange={"From": 65535, "To": 1024}), "reversed: 65535 to 1024"),
        (entry(PortRange={"From": 1, "To": 70000}), "PortRange.To is 70000"),
        (entry(PortRange={}), "tcp without a port range"),
        (without(entry(), "PortRange"), "tcp without a port range"),
        (without(entry(Protocol="17"), "PortRange"), "udp without a port range"),
        (without(ICMP, "IcmpTypeCode"), "icmp without IcmpTypeCode.Type"),
        (ICMP | {"IcmpTypeCode": {"Type": 5}}, "icmp without IcmpTypeCode.Code"),
        (ICMP | {"IcmpTypeCode": {"Type": -1, "Code": 0}}, "IcmpTypeCode.Type is -1 (any) beside"),
        (ICMP | {"IcmpTypeCode": {"Type": 256, "Code": 0}}, "IcmpTypeCode.Type is 256"),
        (without(ICMP6, "IcmpTypeCode"), "icmpv6 without IcmpTypeCode.Type"),
        (entry(Protocol="256"), 'Protocol is "256"'), (entry(Protocol=-2), 'Protocol is "-2"'),
        (entry(Protocol="06"), 'Protocol is "06"'), (entry(Protocol=True), "Protocol is"),
        (entry(0), "RuleNumber is 0"), (entry(-5), "RuleNumber is -5"), (entry(32769), "RuleNumber is 32769"),
        (entry(40000), "RuleNumber is 40000"), (entry(10.5), "10.5"), (entry("0110"), '"0110"'),
        (entry("0x10"), '"0x10"'), (entry("1-2"), '"1-2"'), (entry(" 7"), '" 7"'), (entry("7 "), '"7 "'),
        (entry(32767), "number of the default rule"), (DEFAULT | {"RuleAction": "allow"}, "number of the default rule"),
        (DEFAULT | {"CidrBlock": "10.0.0.0/8"}, "number of the default rule"),
        (entry(Ipv6CidrBlock="::/0"), "both CidrBlock and Ipv6CidrBlock"), (v6, "no CidrBlock and no Ipv6CidrBlock"),
        (entry(CidrBlock="2001:db8::/32"), "IPv6 in the place of IPv4"),
        (v6 | {"Ipv6CidrBlock": "192.0.2.0/24"}, "IPv4 in the place of IPv6"),
        (entry(CidrBlock="office"), '"office", no network'), (entry(CidrBlock="192.0.2.1"), "no network"),
        (entry(CidrBlock="192.0.2.0/33"), "no network"), (entry(CidrBlock="10.1/8"), "no network"),
        (entry(RuleAction="permit"), 'RuleAction is "permit"'), (without(entry(), "RuleAction"), "RuleAction is missing"),
        (entry(Egress="yes"), 'Egress is "yes"'), (entry(Egress=1), "Egress is"),
        (without(entry(), "Protocol"), "Protocol is missing"), (without(entry(), "RuleNumber"), "RuleNumber is missing"),
        ({"CidrBlock": "", "Egress": True, "PortRange": {"From": 0, "To": 0}, "Protocol": "", "RuleAction": "allow",
          "RuleNumber": 0, "Ipv6CidrBlock": "", "IcmpTypeCode": {"Code": 0, "Type": 0}}, "RuleNumber is 0"),
        ("entry", "an entry is a map"),
    ]
    for one, words in cases:
        done = only(one)
        assert done.status == 2 and words in done.err and done.out == "", (one, done)
        assert "1 refused" in done.err and "stdin:1:" in done.err, done


def test_what_is_taken_with_a_warning():
    cases = [
        (entry(CidrBlock="192.0.2.77/24"), "taken as 192.0.2.0/24", 'source = "192.0.2.0/24"'),
        (entry(Protocol="-1"), "every port of every protocol", 'protocol = "all"'),
        (entry(Protocol="47"), "all of that protocol", 'protocol = "gre"'),
        (entry(Protocol="47", PortRange={"From": 22, "To": 22}), "ignored with protocol gre", 'protocol = "gre"'),
        (entry(Protocol=-1, PortRange={"From": 443}), "ignored with protocol all", 'protocol = "all"'),
        (entry(IcmpTypeCode={"Type": 8, "Code": 0}), "ICMP type and code", 'ports = "443"'),
        (ICMP | {"Ipv6CidrBlock": "::/0", "CidrBlock": None}, "hardly ever match", 'protocol = "icmp"; type = 8'),
        (without(entry(Protocol="58"), "PortRange"), "it covers all types", 'protocol = "icmpv6"; source = "0.0.0.0/0"'),
        (entry(PortRange={"From": 0, "To": 0}), "port 0 alone", 'ports = "0"'),
    ]
    for one, words, text in cases:
        done = only(one)
        assert done.status == 1 and words in done.err and text in done.out, (one, done)
        assert check(done.out).status == 0, done


def test_spellings_that_are_fine():
    cases = [
        (entry("100", Egress="False"), "inbound = (\n"), (entry(Egress="TRUE"), "outbound = (\n"),
        (without(entry(), "Egress"), "inbound = (\n"), (entry(RuleAction="DENY"), 'action = "deny"'),
        (entry(Protocol="TCP"), 'protocol = "tcp"'), (entry(Protocol=6), 'protocol = "tcp"'),
        (without(entry(Protocol="All"), "PortRange"), 'protocol = "all"'),
        (ICMP6 | {"Protocol": "ipv6-icmp"}, 'protocol = "icmpv6"'), (ICMP6 | {"Protocol": "ICMPv6"}, "icmpv6"),
        (entry(PortRange={"From": "80", "To": "90"}), 'ports = "80-90"'),
        (entry(PortRange={"From": 0, "To": 65535}), 'ports = "all"'),
        (entry(Protocol="-1", PortRange={"From": 0, "To": 0}), 'protocol = "all"'),
        (entry(Protocol="-1", PortRange={}, IcmpTypeCode={}), 'protocol = "all"'),
        (entry(Ipv6CidrBlock=None), "0.0.0.0/0"), (entry(Ipv6CidrBlock=""), "0.0.0.0/0"),
        (entry(Unheard={"of": 1}), "rule = 100"), (without(entry(Protocol="253"), "PortRange"), "protocol = 253"),
    ]
    for one, text in cases:
        done = only(one)
        assert done.status == 0 and text in done.out and done.err.count("\n") == 1, (one, done)
        assert check(done.out).status == 0, done


def test_a_number_twice():
    across = take(answer(acl(entry(100), without(entry(100, Ipv6CidrBlock="::/0"), "CidrBlock"))), "--host")
    assert across.status == 2 and "rule 100 stands twice in the inbound list" in across.err, across
    assert take(answer(acl(entry(100), entry(100, True))), "--host").status == 0


def test_what_is_not_the_whole_truth():
    cut = take(answer(acl(entry()), NextToken="abc"), "--host")
    assert cut.status == 2 and "NextToken" in cut.err and cut.out == "", cut
    untold = take(answer(without(acl(), "Entries")), "--host")
    assert untold.status == 2 and 'no list "Entries"' in untold.err, untold
    empty = take(answer(acl()), "--host")
    assert empty.status == 0 and "0 entries: 0 rules" in empty.err and check(empty.out).status == 0
    none = take(answer())
    assert none.status == 2 and "no network ACL in it" in none.err, none


def test_one_of_several():
    text = answer(acl(entry(), ident="acl-1"), acl(entry(200), ident="acl-2", name="db"),
                  acl(entry(0), ident="acl-3", name="db"))
    for args, words in (([], "3 network ACLs; choose one"), (["--acl", "dbx"], 'no network ACL "dbx"'),
                        (["--acl", "db"], 'more than one network ACL "db"')):
        done = take(text, *args)
        assert done.status == 2 and words in done.err and 'acl-2 "db"' in done.err and done.out == "", done
    # An error of another does not matter.
    assert "rule = 200" in take(text, "--acl", "acl-2", "--host").out
    assert take(text, "--acl", "acl-3", "--host").status == 2
    both = take(answer(acl(entry()), acl(entry(200), ident="acl-2", name="web")), "--all")
    assert 'name = "web"' in both.out and 'name = "web-2"' in both.out and check(both.out).status == 0, both
    several = take(answer(acl(entry()), acl(entry(200), ident="acl-2")), "--all", "--host")
    assert several.status == 2 and several.out == "", several


def tied(*subnets):
    return acl(entry(), Associations=[{"SubnetId": s, "NetworkAclId": "acl-1"} for s in subnets])


def test_subnets():
    missing = take(answer(tied("subnet-1", "subnet-2")), "--subnet", "subnet-1=10.0.1.0/24")
    assert missing.status == 1 and "the CIDR of subnet-2 is not known" in missing.err, missing
    assert 'subnet = "10.0.1.0/24"' in missing.out and "# FILL IN the CIDR of subnet-2" in missing.out
    checked = check(missing.out)
    assert checked.status == 2 and "FILL-IN" in checked.err, checked
    subnets = {"Subnets": [{"SubnetId": "subnet-1", "CidrBlock": "10.0.1.0/24"},
                           {"SubnetId": "subnet-2", "CidrBlock": "10.0.2.0/24"}]}
    with scratch() as folder:
        (folder / "subnets.json").write_text(json.dumps(subnets))
        done = take(answer(tied("subnet-1", "subnet-2")), "--subnets", str(folder / "subnets.json"))
        assert take(answer(tied("subnet-1")), "--subnets", str(folder / "none")).status == 2
    assert done.status == 0 and 'subnet = "10.0.2.0/24"' in done.out and check(done.out).status == 0, done
    together = take(json.dumps(answer(tied("subnet-2"))) + json.dumps(subnets))
    assert together.status == 0 and 'subnet = "10.0.2.0/24"' in together.out, together
    slip = take(answer(tied("subnet-1")), "--subnet", "subnet-9=10.0.1.0/24")
    assert slip.status == 2 and "subnet-9" in slip.err, slip
    assert take(answer(tied("subnet-1")), "--subnet", "subnet-1=office").status == 2
    untied = take(answer(acl(entry())))
    assert untied.status == 1 and "protects nothing" in untied.err, untied


def test_interfaces():
    done = take(SAMPLE, "--edge", "eth0", "--edge", "wg0")
    assert done.status == 0 and 'edge = ["eth0", "wg0"]' in done.out, done
    assert check(done.out).status == 0 and "warning" not in check(done.out).err, check(done.out)


def test_json_says_all_of_it():
    done = take(answer(acl(entry(Protocol="-1"), DEFAULT), acl(entry(0), ident="acl-2")), "--json", "--host", "--acl", "web",
                "--acl", "acl-0123456789abcdef0")
    said = json.loads(done.out)
    assert done.status == 1 and said["outcome"] == "warnings" and said["format"] == "aws" and done.err == "", done
    first, second = said["acls"]
    assert first["chosen"] and not second["chosen"] and second["refused"] == 1 and first["defaults"] == 1
    assert first["list"][0] | {"line": 0, "origin": ""} == {
        "direction": "inbound", "rule": 100, "action": "allow", "protocol": "all", "source": "0.0.0.0/0", "line": 0,
        "origin": ""}
    assert any(n["severity"] == "warning" and "every port" in n["message"] for n in said["notes"])
    assert check(said["config"]).status == 0
    refused = take(answer(acl(entry(0))), "--json")
    assert refused.status == 2 and json.loads(refused.out)["config"] is None


def test_tags_are_strangers():
    evil = 'x"; } ); mode = "monitor";\n# \u202e\x1b[31m \u2028'
    done = take(answer(acl(entry(), name=evil)), "--host")
    assert done.status == 0 and "\x1b" not in done.out + done.err and "\u202e" not in done.out + done.err, done
    assert "\nmode" not in done.out and "\u2028" not in done.out
    checked = check(done.out)
    assert checked.status == 0 and 'mode = "enforce"' in checked.out, checked
    for value in ("", "\u00e9\u4e16", "a" * 300, "---"):
        assert check(take(answer(acl(entry(), name=value)), "--host").out).status == 0, value


def test_output_for_people_is_refused_by_name():
    text = "NETWORKACLS\tFalse\tacl-1\t1\tvpc-1\nENTRIES\t0.0.0.0/0\tFalse\t\t6\tallow\t100\nPORTRANGE\t443\t443\n"
    for given, word in ((text, "text output"), ("eyJOZXh0\n" + text, "text output"),
                        ("-" * 60 + "\n|  DescribeNetworkAcls  |\n", "table output")):
        done = take(given)
        assert done.status == 2 and word in done.err and "--output json" in done.err, done
    hcl = take('# net\nresource "aws_network_acl" "web" {\n  vpc_id = "v"\n}\n')
    assert hcl.status == 2 and "terraform show -json" in hcl.err and "stdin:2:1" in hcl.err, hcl
    utf16 = take("\ufeff{}".encode("utf-16-le"))
    assert utf16.status == 2 and "UTF-16" in utf16.err and "iconv" in utf16.err, utf16
    assert take(b"\xef\xbb\xbf" + json.dumps(SAMPLE).encode(), "--host").status == 0


def test_usage():
    for args in (["--from", "xml"], ["--subnet", "x"], ["--condition", "a=b"], ["--edge", "a b"], ["--host", "--edge", "e0"],
                 ["a", "b"], ["--nonsense"], ["/nonexistent/acl.json"]):
        done = naclctl("import", *args)
        assert done.status == 2 and done.out == "" and done.err, args
    assert naclctl("import", "--help").out.startswith("usage: naclctl import")
