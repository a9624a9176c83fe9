# SPDX-License-Identifier: GPL-2.0-or-later
"""Configuration text for tests: rules as short calls, one ACL a line of thought.

    config(host([allow(100, "tcp", ports=80)], [allow(100, "tcp", ports="1024-65535")]))
"""

import os

ANY4 = "0.0.0.0/0"
ANY6 = "::/0"
EPHEMERAL = "1024-65535"


def _rule(action, number, protocol, remote, ports, icmp):
    fields = {"rule": number, "action": f'"{action}"', "protocol": f'"{protocol}"'}
    if ports is not None:
        fields["ports"] = f'"{ports}"'
    if icmp is not None:
        fields["type"], fields["code"] = icmp
    return fields, remote


def allow(number, protocol="all", remote=ANY4, ports=None, icmp=None):
    return _rule("allow", number, protocol, remote, ports, icmp)


def deny(number, protocol="all", remote=ANY4, ports=None, icmp=None):
    return _rule("deny", number, protocol, remote, ports, icmp)


def both(number, protocol="all", ports=None):
    """The same permission for both families: `number` for IPv4, the next one for IPv6."""
    return [allow(number, protocol, ANY4, ports), allow(number + 1, protocol, ANY6, ports)]


def _lists(inbound, outbound):
    text = ""
    for name, end, rules in (("inbound", "source", inbound), ("outbound", "destination", outbound)):
        lines = []
        for fields, remote in rules:
            body = " ".join(f"{k} = {v};" for k, v in fields.items())
            lines.append(f'    {{ {body} {end} = "{remote}"; }}')
        text += f"  {name} = (\n" + ",\n".join(lines) + " );\n"
    return text


def host(inbound, outbound, name="web", interfaces=()):
    limit = "interfaces = [" + ", ".join(f'"{i}"' for i in interfaces) + "]; " if interfaces else ""
    return (f'{{ name = "{name}";\n  associations = ( {{ host = true; {limit}}} );\n'
            f"{_lists(inbound, outbound)}}}")


def subnet(cidrs, inbound, outbound, name):
    """An ACL for one subnet or several."""
    cidrs = [cidrs] if isinstance(cidrs, str) else cidrs
    associations = ", ".join(f'{{ subnet = "{cidr}"; }}' for cidr in cidrs)
    return (f'{{ name = "{name}";\n  associations = ( {associations} );\n'
            f"{_lists(inbound, outbound)}}}")


def edge(interfaces, inbound, outbound, name="wire"):
    """An ACL at interfaces, or at those of the default route ("default-route")."""
    value = f'"{interfaces}"' if isinstance(interfaces, str) else (
        "[" + ", ".join(f'"{i}"' for i in interfaces) + "]")
    return (f'{{ name = "{name}";\n  associations = ( {{ edge = {value}; }} );\n'
            f"{_lists(inbound, outbound)}}}")


def config(*acls, mode="enforce", on_failure="drop", first=0, count=1, length=1024,
           fragments="reassemble", isolation=None):
    joined = ",\n".join(acls)
    isolation = isolation or os.environ.get("NACLD_ISOLATION")
    judge = f'isolation = "{isolation}";\n' if isolation else ""
    return (f'{judge}mode = "{mode}";\nfragments = "{fragments}";\n'
            f"queue = {{ first = {first}; count = {count}; length = {length}; "
            f'on_failure = "{on_failure}"; }};\nnetwork_acls = (\n{joined}\n);\n')


def open_host(**settings):
    """Everything allowed, both families: for tests that are about something else."""
    return config(host(both(100), both(100)), **settings)


def closed_host(**settings):
    """Nothing allowed but what is exempt."""
    return config(host([], []), **settings)
