"""Terraform: terraform show -json of a plan and a state, .tf.json of cdktf, hcl2json."""
from lib import check, take


def block(number=100, **more):
    return {"rule_no": number, "action": "allow", "protocol": "tcp", "cidr_block": "0.0.0.0/0", "from_port": 443, "to_port": 443,
            "ipv6_cidr_block": None, "icmp_type": None, "icmp_code": None} | more


def rule(number=100, **more):
    return {"network_acl_id": "${aws_network_acl.web.id}", "rule_number": number, "rule_action": "allow", "protocol": "tcp",
            "cidr_block": "0.0.0.0/0", "from_port": 443, "to_port": 443} | more


def resource(kind, name, values, index=None, module=""):
    address = f"{module}{kind}.{name}" + ("" if index is None else f"[{index!r}]".replace("'", '"'))
    return {"address": address, "mode": "managed", "type": kind, "name": name, "values": values} | (
        {} if index is None else {"index": index})


def state(*resources, children=()):
    return {"format_version": "1.0", "terraform_version": "1.9.0",
            "values": {"root_module": {"resources": list(resources), "child_modules": list(children)}}}


def plan(configuration, *resources, children=()):
    whole = state(*resources, children=children)
    return {"format_version": "1.2", "planned_values": whole["values"], "configuration": {"root_module": configuration}}


def configured(kind, name, **references):
    return {"address": f"{kind}.{name}", "mode": "managed", "type": kind, "name": name,
            "expressions": {k: {"references": v} for k, v in references.items()}}


WEB = {"id": "acl-1", "vpc_id": "vpc-1", "tags": {"Name": "front"}, "subnet_ids": ["subnet-1"], "ingress": [block()], "egress": []}


def test_a_state():
    subnet = resource("aws_subnet", "a", {"id": "subnet-1", "cidr_block": "10.0.1.0/24"})
    done = take(state(resource("aws_network_acl", "web", WEB), subnet))
    assert done.status == 0 and 'name = "front"' in done.out and 'subnet = "10.0.1.0/24"' in done.out, done
    assert "acl-1" in done.out and check(done.out).status == 0
    # The provider lists a rule of its own among the ACL's too; it is one rule.
    own = resource("aws_network_acl_rule", "r", rule(network_acl_id="acl-1", egress=False))
    done = take(state(resource("aws_network_acl", "web", WEB), own), "--host")
    assert done.status == 0 and "1 entry: 1 rule" in done.err, done
    other = resource("aws_network_acl_rule", "r", rule(network_acl_id="acl-1", to_port=444))
    assert take(state(resource("aws_network_acl", "web", WEB), other), "--host").status == 2
    more = resource("aws_network_acl_rule", "r", rule(200, network_acl_id="acl-1", egress=True))
    done = take(state(resource("aws_network_acl", "web", WEB), more), "--host")
    assert "2 entries: 2 rules" in done.err and "stdin:1 aws_network_acl_rule.r" in done.out, done


def test_a_plan_of_what_does_not_exist_yet():
    values = {"ingress": [], "egress": [], "tags": None}
    new = {k: v for k, v in rule(egress=True).items() if k != "network_acl_id"}
    references = ["aws_network_acl.web.id", "aws_network_acl.web"]
    configuration = {"resources": [configured("aws_network_acl", "web", subnet_ids=["aws_subnet.a[0].id", "aws_subnet.a[0]"]),
                                   configured("aws_network_acl_rule", "r", network_acl_id=references)]}
    subnets = [resource("aws_subnet", "a", {"cidr_block": f"10.0.{i}.0/24"}, i) for i in (0, 1)]
    done = take(plan(configuration, resource("aws_network_acl", "web", values), *subnets,
                     resource("aws_network_acl_rule", "r", new, 0), resource("aws_network_acl_rule", "r", new | {"rule_number": 110}, 1)))
    assert done.status == 0 and "outbound = (\n" in done.out and "2 entries: 2 rules" in done.err, done
    assert 'subnet = "10.0.0.0/24"' in done.out and "10.0.1.0" not in done.out and 'name = "web"' in done.out
    # The rule's own index, under for_each on both.
    configuration["resources"][1] = configured("aws_network_acl_rule", "r", network_acl_id=["aws_network_acl.web", "each.key"])
    both = plan(configuration, *[resource("aws_network_acl", "web", values, k) for k in "ab"],
                *[resource("aws_network_acl_rule", "r", new | {"rule_number": n}, k) for k, n in (("a", 1), ("b", 2))])
    done = take(both, "--acl", 'aws_network_acl.web["b"]', "--host")
    assert done.status == 0 and "rule = 2" in done.out and "rule = 1;" not in done.out, done
    configuration["resources"][1] = configured("aws_network_acl_rule", "r", network_acl_id=["var.acl"])
    lost = take(both, "--all")
    assert lost.status == 2 and "its network ACL is not known yet" in lost.err, lost


def test_modules():
    module = 'module.net["a.b"].'
    inner = {"resources": [configured("aws_network_acl_rule", "r", network_acl_id=["aws_network_acl.web.id"])]}
    configuration = {"module_calls": {"net": {"module": inner}}}
    new = {k: v for k, v in rule().items() if k != "network_acl_id"}
    child = {"address": module[:-1], "resources": [resource("aws_network_acl", "web", {}, module=module),
                                                   resource("aws_network_acl_rule", "r", new, module=module)]}
    done = take(plan(configuration, children=[child]), "--host")
    assert done.status == 0 and "rule = 100" in done.out and "net" in done.out, done


def config(**resources):
    return {"//": {"metadata": {}}, "resource": resources, "variable": {"port": {"default": 8443}, "cidr": {}}}


def test_json_configuration():
    text = config(aws_network_acl={"web": {"//": {}, "vpc_id": "vpc-1", "tags": {"Name": "front"},
                                           "subnet_ids": ["${aws_subnet.a.id}"]}},
                  aws_subnet={"a": {"cidr_block": "10.0.1.0/24"}},
                  aws_network_acl_rule={"a": rule(), "b": rule("110", from_port="${var.port}", to_port="${var.port}"),
                                        "c": rule(120, egress=True, protocol="-1", from_port=0, to_port=0),
                                        "d": rule(130, protocol="icmp", icmp_type=8, icmp_code=-1, from_port=None, to_port=None)})
    done = take(text)
    assert done.status == 0 and 'name = "front"' in done.out and 'ports = "8443"' in done.out, done
    assert "4 entries: 4 rules" in done.err and 'subnet = "10.0.1.0/24"' in done.out and check(done.out).status == 0
    given = take(text, "--parameter", "port=9")
    assert 'ports = "9"' in given.out, given
    # hcl2json has each resource and block in a list.
    listed = config(aws_network_acl={"web": [{"ingress": [block(), block(110, to_port="443")], "egress": block(1, protocol=-1)}]})
    done = take(listed, "--host")
    assert done.status == 1 and "3 entries: 3 rules" in done.err, done  # -1 beside ports
    default = take(config(aws_default_network_acl={"default": {"default_network_acl_id": "acl-9"}}), "--host")
    assert default.status == 0 and "0 entries: 0 rules" in default.err and "acl-9" in default.out, default


def test_what_only_terraform_can_expand():
    cases = [
        (config(aws_network_acl_rule={"a": rule(count=2)}), "aws_network_acl_rule.a: count"),
        (config(aws_network_acl_rule={"a": rule(for_each="${local.rules}")}), "for_each"),
        (config(aws_network_acl_rule={"a": rule(from_port="${each.value.p}")}), "from_port: \"${each.value.p}\" is an expression"),
        (config(aws_network_acl_rule={"a": rule(cidr_block="${var.cidr}")}), "variable cidr has no default"),
        (config(aws_network_acl_rule={"a": rule(rule_number="${100 + count.index}")}), "is an expression"),
        (config(aws_network_acl={"web": {"dynamic": {"ingress": [{}]}}}), "dynamic blocks"),
        (config(aws_network_acl={"web": {"ingress": "${var.rules}"}}), "no list of blocks"),
        (config(aws_network_acl={"web": {"ingress": [block()]}}, aws_network_acl_rule={"a": rule(200)}), "a rule of its own"),
        ({"version": 4, "lineage": "x", "resources": []}, "state file"),
    ]
    for text, words in cases:
        done = take(text, "--host")
        assert done.status == 2 and words in done.err and "terraform" in done.err.lower() and done.out == "", (text, done)
    none = take(config(aws_network_acl={"web": {}}, aws_network_acl_rule={"a": rule(count=0)}), "--host")
    assert none.status == 0 and "count is 0" in none.err, none


def test_port_zero_and_zero():
    silent = take(config(aws_network_acl={"web": {"ingress": [block(protocol="-1", from_port=0, to_port=0)]}}), "--host")
    assert silent.status == 0 and 'protocol = "all"' in silent.out, silent
    alone = take(config(aws_network_acl={"web": {"ingress": [block(from_port=0, to_port=0)]}}), "--host")
    assert alone.status == 1 and "port 0 alone" in alone.err and 'ports = "0"' in alone.out, alone
    state_icmp = block(icmp_type=0, icmp_code=0, cidr_block="", ipv6_cidr_block="::/0")
    assert take(config(aws_network_acl={"web": {"ingress": [state_icmp]}}), "--host").status == 0
