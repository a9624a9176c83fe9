"""What a source says, read without nacld: Terraform's and CloudFormation's resources and Ansible's rows as entries of
describe-network-acls, so that one evaluator can say what AWS would decide.

Written from the providers' documents: aws_network_acl (blocks rule_no, action, from_port ...), aws_network_acl_rule
(rule_number, rule_action, egress false unless told), AWS::EC2::NetworkAclEntry, and the columns of ec2_vpc_nacl. It
knows no ACL but the one that a test makes.
"""

NUMBERS = {"all": "-1", "tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58", "ipv6-icmp": "58"}


def protocol(word):
    return NUMBERS.get(str(word).lower(), str(word))


def entry(number, egress, word, action, v4, v6, ports, icmp):
    """A port range or type and code only where AWS looks at it: the rest of what stands beside is ignored."""
    made = {"RuleNumber": int(number), "Egress": egress, "Protocol": protocol(word), "RuleAction": action.lower()}
    made |= {"Ipv6CidrBlock": v6} if v6 else {"CidrBlock": v4}
    if made["Protocol"] in ("6", "17"):
        made["PortRange"] = {"From": int(ports[0]), "To": int(ports[1])}
    if made["Protocol"] == "1" or (made["Protocol"] == "58" and v6):
        made["IcmpTypeCode"] = {"Type": int(icmp[0]), "Code": int(icmp[1])}
    return made


def terraform_values(values, egress):
    """A block or the values of a rule resource."""
    number = values.get("rule_no", values.get("rule_number"))
    action = values.get("action", values.get("rule_action"))
    return entry(number, egress, values["protocol"], action, values.get("cidr_block"), values.get("ipv6_cidr_block"),
                 (values.get("from_port"), values.get("to_port")), (values.get("icmp_type"), values.get("icmp_code")))


def terraform(document):
    """terraform show -json, and .tf.json without expressions."""
    found = []

    def take(kind, values):
        if kind == "aws_network_acl_rule":
            found.append(terraform_values(values, str(values.get("egress") or False).lower() == "true"))
        for side in ("ingress", "egress") if kind != "aws_network_acl_rule" else ():
            blocks = values.get(side) or []
            found.extend(terraform_values(b, side == "egress") for b in (blocks if isinstance(blocks, list) else [blocks]))

    def module(node):
        for resource in node.get("resources", []):
            if resource["type"].startswith("aws_") and "network_acl" in resource["type"]:
                take(resource["type"], resource["values"])
        for child in node.get("child_modules", []):
            module(child)
    module(document.get("planned_values", document.get("values", {})).get("root_module", {}))
    for kind, named in document.get("resource", {}).items():
        for values in named.values():
            take(kind, values[0] if isinstance(values, list) else values)
    return found


def ansible(ingress, egress):
    found = []
    for rows, out in ((ingress, False), (egress, True)):
        for row in rows:
            number, word, action, cidr, kind, code, first, last = (list(row) + [None] * 4)[:8]
            v6 = cidr if ":" in cidr else None
            found.append(entry(number, out, word, action, cidr, v6, (first, last), (kind, code)))
    return found


def cloudformation(template):
    found = []
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::EC2::NetworkAclEntry":
            p = resource["Properties"]
            ports, icmp = p.get("PortRange", {}), p.get("Icmp", {})
            found.append(entry(p["RuleNumber"], str(p.get("Egress", False)).lower() == "true", p["Protocol"], p["RuleAction"],
                               p.get("CidrBlock"), p.get("Ipv6CidrBlock"), (ports.get("From"), ports.get("To")),
                               (icmp.get("Type"), icmp.get("Code"))))
    return found
