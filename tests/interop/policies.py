"""Random network ACLs, as entries of describe-network-acls and as a configuration."""
import ipaddress


def random_network(rng, v6):
    if v6:
        return rng.choice(["::/0", "2001:db8::/32", f"2001:db8:{rng.randrange(1, 5)}::/48", "2001:db8::9/128"])
    return rng.choice(["0.0.0.0/0", "10.0.0.0/8", f"10.{rng.randrange(4)}.0.0/16", f"203.0.113.{rng.randrange(8) * 32}/27",
                       f"198.51.100.{rng.randrange(256)}/32"])


def random_entry(rng, number, egress):
    v6 = rng.random() < 0.3
    protocol = rng.choice([6, 6, 6, 17, 17, 1, 58, -1, 47, 255, rng.randrange(256)])
    entry = {"RuleNumber": number, "Egress": egress, "RuleAction": rng.choice(["allow", "allow", "deny"]),
             "Protocol": str(protocol), "Ipv6CidrBlock" if v6 else "CidrBlock": random_network(rng, v6)}
    if protocol in (6, 17):
        first = rng.choice([0, 22, 53, 80, 443, 1024, 32768, rng.randrange(65536)])
        last = max(first, rng.choice([first, first, 443, 65535, rng.randrange(65536)]))
        entry["PortRange"] = {"From": first, "To": last}
    if protocol == 1 or (protocol == 58 and v6):
        kind = rng.choice([-1, 0, 3, 8, 128, 255])
        entry["IcmpTypeCode"] = {"Type": kind, "Code": -1 if kind < 0 else rng.choice([-1, 0, 4, 255])}
    return entry


def random_entries(rng, most=12):
    entries = []
    for egress in (False, True):
        numbers = rng.sample(range(1, rng.choice([20, 300, 32767])), rng.randint(0, most))
        entries += [random_entry(rng, n, egress) for n in sorted(numbers)]
    return entries


NAMES = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "-1": "all"}


def rule_text(entry):
    name = NAMES.get(entry["Protocol"])
    text = f'{{ rule = {entry["RuleNumber"]}; action = "{entry["RuleAction"]}"; protocol = '
    text += f'"{name}"; ' if name else f'{entry["Protocol"]}; '
    if "PortRange" in entry:
        text += f'ports = "{entry["PortRange"]["From"]}-{entry["PortRange"]["To"]}"; '
    if "IcmpTypeCode" in entry:
        text += f'type = {entry["IcmpTypeCode"]["Type"]}; code = {entry["IcmpTypeCode"]["Code"]}; '
    cidr = ipaddress.ip_network(entry.get("CidrBlock") or entry["Ipv6CidrBlock"], strict=False)
    return text + f'{"destination" if entry["Egress"] else "source"} = "{cidr}"; }}'


def acl_text(name, entries, associations="( )"):
    lists = " ".join(f'{word} = ( {", ".join(rule_text(e) for e in entries if e["Egress"] == egress)} );'
                     for word, egress in (("inbound", False), ("outbound", True)))
    return f'{{ name = "{name}"; associations = {associations}; {lists} }}'


def config(acls):
    """acls: (name, entries) each."""
    return "network_acls = (\n" + ",\n".join(acl_text(name, entries) for name, entries in acls) + "\n);\n"
