"""CloudFormation templates: JSON, YAML with short forms, what the CDK and Serverless make."""
import json

from evaluator import evaluate, line, random_packet, rng_for
from lib import PACKETS, check, take, verdicts


def entry(number=100, **properties):
    return {"Type": "AWS::EC2::NetworkAclEntry", "Properties": {
        "NetworkAclId": {"Ref": "Acl"}, "RuleNumber": number, "Protocol": 6, "RuleAction": "allow", "Egress": False,
        "CidrBlock": "0.0.0.0/0", "PortRange": {"From": 443, "To": 443}} | properties}


ACL = {"Type": "AWS::EC2::NetworkAcl", "Properties": {"VpcId": "vpc-1", "Tags": [{"Key": "Name", "Value": "web"}]}}


def template(*entries, parts=None, **resources):
    named = {f"Entry{i}": e for i, e in enumerate(entries)}
    return {"Resources": {"Acl": ACL} | named | resources} | (parts or {})


def one(text, *args):
    return take(text, "--host", *args)


def test_a_template():
    done = one(template(entry(), entry(200, Egress=True, PortRange={"From": 1024, "To": 65535}),
                        entry(110, Protocol=1, Icmp={"Type": 8, "Code": 0})))
    assert done.status == 1 and 'name = "web"' in done.out and "Entry1" in done.out, done  # a port range beside ICMP
    assert 'protocol = "icmp"; type = 8; code = 0' in done.out and "3 entries: 3 rules" in done.err
    assert check(done.out).status == 0
    # Without a direction: inbound. All strings, as many templates have them.
    bare = entry("100", Protocol="-1", Egress="true", PortRange={"From": "0", "To": "65535"})
    del bare["Properties"]["Egress"]
    done = one(template(bare))
    assert done.status == 0 and 'inbound = (\n      { rule = 100' in done.out and 'comment = "stdin:1 Entry0"' in done.out, done


YAML = """Parameters:
  AppPort: {Type: Number, Default: 8080}
  Office: {Type: String, Default: 198.51.100.0/24}
  Ports: {Type: CommaDelimitedList, Default: "22, 2222"}
  Open: {Type: String, Default: "yes", AllowedValues: ["yes", "no"]}
Mappings:
  Nets: {web: {Cidr: 192.0.2.0/25}}
Conditions:
  IsOpen: !Equals [!Ref Open, "yes"]
  IsShut: !Not [!Condition IsOpen]
  Both: !And [!Condition IsOpen, !Condition IsShut]
  Either: !Or [!Condition IsOpen, !Condition IsShut]
Resources:
  Vpc: {Type: "AWS::EC2::VPC", Properties: {CidrBlock: 10.0.0.0/16}}
  Front:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24}
  Acl:
    Type: AWS::EC2::NetworkAcl
    Properties: {VpcId: !Ref Vpc, Tags: [{Key: Name, Value: !Sub "${AWS::StackName}-web"}]}
  Tie:
    Type: AWS::EC2::SubnetNetworkAclAssociation
    Properties: {SubnetId: !Ref Front, NetworkAclId: !GetAtt Acl.Id}
  Entry:
    Type: AWS::EC2::NetworkAclEntry
    CONDITION
    Properties:
      NetworkAclId: !Ref Acl
      RuleNumber: NUMBER
      Protocol: 6
      RuleAction: ACTION
      Egress: EGRESS
      CidrBlock: CIDR
      PortRange: {From: PORT, To: PORT}
"""


def yaml(number="100", action="allow", egress="false", cidr="0.0.0.0/0", port="443", condition=None):
    text = YAML.replace("NUMBER", number).replace("ACTION", action).replace("EGRESS", egress)
    text = text.replace("CIDR\n", cidr + "\n").replace("PORT", port)
    return text.replace("    CONDITION\n", f"    Condition: {condition}\n" if condition else "")


def test_expressions_that_the_template_can_tell():
    cases = [
        ({"port": "!Ref AppPort"}, 'ports = "8080"'), ({"cidr": "!Ref Office"}, '"198.51.100.0/24"'),
        ({"cidr": "!FindInMap [Nets, web, Cidr]"}, '"192.0.2.0/25"'), ({"cidr": "!GetAtt Vpc.CidrBlock"}, '"10.0.0.0/16"'),
        ({"cidr": "{'Fn::GetAtt': [Front, CidrBlock]}"}, '"10.0.1.0/24"'), ({"cidr": '!Sub "${Office}"'}, "198.51.100.0/24"),
        ({"cidr": '!Sub ["${Net}.0/24", {Net: 203.0.113}]'}, "203.0.113.0/24"),
        ({"cidr": '!Join ["/", [192.0.2.0, 24]]'}, "192.0.2.0/24"), ({"cidr": '!Sub "${Vpc.CidrBlock}"'}, "10.0.0.0/16"),
        ({"port": "!Select [1, !Ref Ports]"}, 'ports = "2222"'), ({"port": '!Select [0, !Split ["-", "53-54"]]'}, '"53"'),
        ({"action": "!If [IsOpen, allow, deny]"}, '"allow"'), ({"action": "!If [IsShut, allow, deny]"}, '"deny"'),
        ({"action": "{'Fn::If': [Both, allow, deny]}"}, '"deny"'), ({"action": "!If [Either, allow, deny]"}, '"allow"'),
        ({"cidr": "!Select [3, !Cidr [!GetAtt Vpc.CidrBlock, 4, 8]]"}, '"10.0.3.0/24"'),
        ({"cidr": "!Select [1, !Cidr [192.0.2.128/25, 2, 6]]"}, '"192.0.2.192/26"'),
        ({"cidr": "!Select [255, !Cidr [10.0.0.0/8, 256, 16]]"}, '"10.255.0.0/16"'),
        ({"cidr": "!Select [0, {'Fn::Cidr': [192.0.2.9/32, '1', '0']}]"}, '"192.0.2.9/32"'),
        ({"port": "!Length [1, 2, 3]"}, 'ports = "3"'), ({"port": "{'Fn::Length': !Ref Ports}"}, 'ports = "2"'),
        ({"cidr": "!FindInMap [Nets, db, Cidr, {DefaultValue: !Ref Office}]"}, '"198.51.100.0/24"'),
        ({"cidr": "!FindInMap [Nets, web, Cidr, {DefaultValue: 192.0.2.1/32}]"}, '"192.0.2.0/25"'),
        ({"cidr": "!If [IsOpen, 0.0.0.0/0, !Ref AWS::NoValue]"}, "0.0.0.0/0"), ({"egress": "'True'"}, "outbound = (\n"),
    ]
    for change, text in cases:
        done = take(yaml(**change))
        assert done.status in (0, 1) and text in done.out and 'subnet = "10.0.1.0/24"' in done.out, (change, done)
        assert check(done.out).status == 0
        assert ("condition" in done.err) == (done.status == 1), done  # what was assumed of a condition is a warning
    six = yaml(cidr="!Select [1, !Cidr ['2001:db8::/56', 256, 64]]").replace("      CidrBlock: !S", "      Ipv6CidrBlock: !S")
    done = take(six)
    assert done.status == 0 and '"2001:db8:0:1::/64"' in done.out, done
    given = take(yaml(port="!Ref AppPort"), "--parameter", "AppPort=9")
    assert given.status == 0 and 'ports = "9"' in given.out and "default" not in given.err, given
    named = take(yaml(), "--parameter", "AWS::StackName=prod")
    assert 'name = "prod-web"' in named.out, named
    chosen = take(yaml(action="!If [IsOpen, allow, deny]"), "--condition", "IsOpen=false")
    assert chosen.status == 0 and '"deny"' in chosen.out, chosen


def test_expressions_that_it_cannot():
    cases = [
        ({"cidr": "!ImportValue office"}, "Entry: CidrBlock: office is exported by another stack"),
        ({"cidr": "!Select [0, !Cidr [!GetAtt Vpc.CidrBlock, 4]]"}, "a value that is not there"),
        ({"cidr": "!Select [0, !Cidr [192.0.2.0/24, 5, 6]]"}, "5 ranges with 6 bits do not fit into 192.0.2.0/24"),
        ({"cidr": "!Select [0, !Cidr [192.0.2.0/24, 1, 9]]"}, "cidrBits of \"9\": it can be 0 to 8"),
        ({"cidr": "!Select [0, !Cidr [192.0.2.0/24, 0, 4]]"}, "a count of \"0\": it can be 1 to 256"),
        ({"cidr": "!Select [0, !Cidr [192.0.2.1/24, 1, 4]]"}, "no network"), ({"cidr": "!Base64 x"}, "cannot be evaluated"),
        ({"cidr": "!Cidr [192.0.2.0/24, 1, 4]"}, "a list"), ({"cidr": "!GetAZs ''"}, "cannot be evaluated"),
        ({"cidr": "!FindInMap [Nets, db, Cidr, {DefaultValue: !Ref Nobody}]"}, "Nobody, which is no parameter"),
        ({"cidr": "!Ref Nobody"}, "Nobody, which is no parameter"), ({"cidr": "!Ref AWS::Region"}, "known to the stack alone"),
        ({"cidr": "!FindInMap [Nets, db, Cidr]"}, 'no "db" in the mapping'), ({"cidr": "!Ref Vpc"}, "id of resource Vpc"),
        ({"cidr": "!GetAtt Acl.Arn"}, "known to the stack alone"), ({"cidr": "!Select [9, [a]]"}, "not there"),
        ({"action": "!If [Nothing, allow, deny]"}, "condition Nothing is not in the template"),
        ({"cidr": "!Transform {Name: x}"}, "cannot be evaluated"), ({"condition": "Unheard"}, "condition Unheard"),
        ({"number": "0110"}, 'RuleNumber is "0110", no whole number'), ({"number": "1_00"}, "no whole number"),
        ({"number": "0x64"}, "no whole number"), ({"egress": "no"}, "neither true nor false"),
        ({"egress": "yes"}, "neither true nor false"), ({"port": "4_43"}, "no whole number"),
    ]
    for change, words in cases:
        done = take(yaml(**change))
        assert done.status == 2 and words in done.err and done.out == "" and "1 refused" in done.err, (change, done)
    imported = take(yaml(cidr="!ImportValue office"), "--parameter", "office=192.0.2.0/24")
    assert imported.status == 0 and "192.0.2.0/24" in imported.out, imported
    disallowed = take(yaml(action="!If [IsOpen, allow, deny]"), "--parameter", "Open=maybe")
    assert disallowed.status == 2 and "AllowedValues" in disallowed.err, disallowed


def test_an_entry_under_a_condition():
    taken = take(yaml(condition="IsOpen"))
    assert taken.status == 1 and "condition IsOpen is taken to be true" in taken.err and "rule = 100" in taken.out, taken
    out = take(yaml(condition="IsShut"))
    assert out.status == 1 and "Entry is left out" in out.err and "rule = 100" not in out.out, out
    assert "1 entry: 0 rules, 1 left out" in out.err
    for value, rules in (("true", 1), ("false", 0)):
        told = take(yaml(condition="IsOpen"), "--condition", f"IsOpen={value}")
        assert told.status == 0 and told.out.count("rule = ") == rules, told
    whole = json.loads(json.dumps(template(entry())))
    whole["Resources"]["Acl"]["Condition"] = "On"
    gone = take(whole, "--condition", "On=false")
    assert gone.status == 2 and "left out with its network ACL" in gone.err, gone


def test_several_acls_and_those_of_others():
    other = entry(NetworkAclId="acl-0123456789abcdef0")
    done = take(template(entry(), Other=other), "--acl", "acl-0123456789abcdef0", "--host")
    assert done.status == 0 and "Other" in done.out and "Entry0" not in done.out, done
    assert "2 network ACLs" in take(template(entry(), Other=other)).err
    assert take(template(entry(), Other=other), "--acl", "web", "--host").status == 0


def test_templates_inside_others():
    text = {"service": "x", "provider": {"name": "aws"}, "resources": template(entry())}
    assert one(text).status == 0 and "rule = 100" in one(text).out
    assert one(text | {"resources": [template(entry())]}).status == 0
    sam = template(entry(), parts={"Transform": "AWS::Serverless-2016-10-31"})
    assert one(sam).status == 0
    loop = template(entry(), **{"Fn::ForEach::Entries": ["N", ["1"], {"E${N}": entry()}]})
    assert one(loop).status == 2 and "only CloudFormation can make" in one(loop).err


def test_conditions_that_multiply():
    conditions = {"C0": {"Fn::Equals": ["a", "a"]}}
    for i in range(1, 60):
        conditions[f"C{i}"] = {"Fn::And": [{"Condition": f"C{i - 1}"}, {"Condition": f"C{i - 1}"}]}
    bomb = json.loads(json.dumps(template(entry(), parts={"Conditions": conditions})))
    bomb["Resources"]["Entry0"]["Condition"] = "C59"
    assert one(bomb).status == 2
    conditions["C0"] = {"Condition": "C59"}
    assert one(template(entry(RuleAction={"Fn::If": ["C0", "allow", "deny"]}), parts={"Conditions": conditions})).status == 2
    names = {f"V{i}": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": {"Fn::Sub": f"${{V{i + 1}.CidrBlock}}" * 10}}}
             for i in range(20)}
    assert one(template(entry(CidrBlock={"Fn::GetAtt": "V0.CidrBlock"}), **names)).status == 2


def test_it_judges_like_the_original():
    raw = [entry(100), entry(101, Protocol="udp", PortRange={"From": "53", "To": "53"}),
           entry(90, RuleAction="DENY", CidrBlock="203.0.113.77/24"), entry(300, Protocol=47, Egress=True),
           entry(200, Protocol=1, Icmp={"Type": 3, "Code": -1}), entry(120, Egress="true", Protocol=-1)]
    done = one(template(*raw))
    assert done.status == 1, done
    entries = []
    for e in raw:
        p = e["Properties"]
        ports, icmp = p["PortRange"], p.get("Icmp")
        entries.append({"RuleNumber": p["RuleNumber"], "Egress": str(p["Egress"]).lower() == "true",
                        "Protocol": str(p["Protocol"]), "RuleAction": p["RuleAction"], "CidrBlock": p["CidrBlock"],
                        "PortRange": {k: int(v) for k, v in ports.items()}} | ({"IcmpTypeCode": icmp} if icmp else {}))
    rng = rng_for("cloudformation")
    packets = [random_packet(entries, rng) for _ in range(PACKETS)]
    got = verdicts("exempt = [];\n" + done.out, [line(p) for p in packets])
    wrong = [(line(p), g, evaluate(entries, p)) for p, g in zip(packets, got) if g != evaluate(entries, p)]
    assert not wrong and len(set(got)) >= 6, (wrong[:5], set(got))
