"""A network ACL judged on what the tool printed: written from AWS's documents, knows nothing of nacld.

`entries` are those of describe-network-acls (RuleNumber, Protocol, RuleAction, Egress, CidrBlock ...). The first that
matches in ascending number decides; 32767 and what follows deny the rest.
"""
import ipaddress
import random


def matches(entry, packet):
    remote = packet["src"] if packet["hook"] == "in" else packet["dst"]
    network = ipaddress.ip_network(entry.get("CidrBlock") or entry["Ipv6CidrBlock"], strict=False)
    if remote.version != network.version or remote not in network:
        return False
    protocol = int({"tcp": 6, "udp": 17, "icmp": 1, "all": -1}.get(entry["Protocol"], entry["Protocol"]))
    if protocol not in (-1, packet["protocol"]):
        return False
    if protocol in (6, 17):
        return entry["PortRange"]["From"] <= packet["dport"] <= entry["PortRange"]["To"]
    if protocol == 1 or (protocol == 58 and network.version == 6):
        wanted = entry["IcmpTypeCode"]
        return wanted["Type"] in (-1, packet["type"]) and wanted["Code"] in (-1, packet["code"])
    return True


def evaluate(entries, packet):
    """("allow" or "deny", the number or "*")."""
    egress = packet["hook"] == "out"
    for entry in sorted((e for e in entries if bool(e.get("Egress")) == egress), key=lambda e: e["RuleNumber"]):
        if matches(entry, packet):
            number = entry["RuleNumber"]
            return entry["RuleAction"].lower(), "*" if number > 32766 else str(number)
    return "deny", "*"


def near(network, rng):
    """An address at the edge of a network, inside it, or just beside it."""
    first, last = int(network[0]), int(network[-1])
    kind = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    top = 2 ** network.max_prefixlen - 1
    return kind(min(max(rng.choice([first, last, first - 1, last + 1, rng.randint(first, last)]), 0), top))


def random_packet(entries, rng):
    """Near what some entry looks at, so that most entries decide some packets."""
    entry = rng.choice(entries) if entries else {"CidrBlock": "192.0.2.0/24", "Protocol": "6", "RuleNumber": 1}
    network = ipaddress.ip_network(entry.get("CidrBlock") or entry["Ipv6CidrBlock"], strict=False)
    local = ipaddress.ip_address("192.0.2.1" if network.version == 4 else "2001:db8::1")
    number = int({"tcp": 6, "udp": 17, "icmp": 1, "all": -1}.get(entry["Protocol"], entry["Protocol"]))
    packet = {"hook": rng.choice(["in", "out"]), "dport": rng.randint(0, 65535), "sport": 40000,
              "type": rng.choice([0, 3, 8, 128, 200]), "code": rng.choice([0, 1, 4]),
              "protocol": number if number != -1 and rng.random() < 0.8 else rng.choice([1, 6, 17, 47, 58, 99])}
    ports, icmp = entry.get("PortRange"), entry.get("IcmpTypeCode")
    if ports and "From" in ports and rng.random() < 0.8:
        packet["dport"] = min(max(rng.choice([ports["From"], ports["To"], ports["From"] - 1, ports["To"] + 1]), 0), 65535)
    if icmp and "Type" in icmp and rng.random() < 0.6:
        packet["type"], packet["code"] = max(icmp["Type"], 0), max(icmp["Code"], 0)
    remote = near(network, rng)
    if packet["protocol"] != (1 if network.version == 4 else 58):  # only these have them on the wire
        packet["type"] = packet["code"] = None
    packet["src"], packet["dst"] = (remote, local) if packet["hook"] == "in" else (local, remote)
    return packet


def line(packet):
    """As `naclctl eval` reads it."""
    src, dst, protocol = packet["src"], packet["dst"], packet["protocol"]
    if protocol in (6, 17):
        form = "[%s]:%d" if src.version == 6 else "%s:%d"
        return f"{packet['hook']} {protocol} {form % (src, packet['sport'])} {form % (dst, packet['dport'])}"
    tail = f" type {packet['type']} code {packet['code']}" if packet["type"] is not None else ""
    return f"{packet['hook']} {protocol} {src} {dst}{tail}"


def rng_for(name):
    return random.Random(name)
