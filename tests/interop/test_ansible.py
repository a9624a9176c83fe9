"""Ansible: plays with ec2_vpc_nacl, and what ec2_vpc_nacl_info returns."""
from lib import check, take

PLAY = """- hosts: localhost
  tasks:
    - name: a network ACL
      community.aws.ec2_vpc_nacl:
        vpc_id: vpc-1
        name: web
        subnets: [subnet-1]
        ingress:
          # no, protocol, action, CIDR, ICMP type, ICMP code, from, to
          - [100, tcp, allow, 0.0.0.0/0, null, null, 443, 443]
          - [110, icmp, allow, 192.0.2.0/24, 8, 0]
          - [120, ipv6-icmp, allow, "::/0", -1, -1]
          - ROW
        egress:
          - [100, all, allow, 0.0.0.0/0, null, null, null, null]
"""


def play(row="[130, udp, allow, '2001:db8::/32', null, null, 53, 53]"):
    return PLAY.replace("ROW", row)


def test_a_play():
    done = take(play(), "--subnet", "subnet-1=10.0.1.0/24")
    assert done.status == 0 and "5 entries: 5 rules" in done.err and 'name = "web"' in done.out, done
    assert 'protocol = "icmp"; type = 8; code = 0' in done.out and 'source = "2001:db8::/32"' in done.out
    assert "stdin:10\n" in done.out or 'stdin:10"' in done.out and check(done.out).status == 0
    inner = "- hosts: all\n  tasks:\n    - block:\n" + "".join(
        "  " + line + "\n" for line in play().splitlines()[2:])
    assert take(inner, "--host").status == 0, take(inner, "--host")
    conditional = take(play().replace("      community", "      when: open\n      community"), "--host")
    assert conditional.status == 1 and "whether this condition holds" in conditional.err, conditional
    absent = take(play().replace("        name: web", "        name: web\n        state: absent"), "--host")
    assert absent.status == 2 and "removes a network ACL" in absent.err, absent


def test_what_is_refused():
    for row, words in (("[130, tcp, allow, 0.0.0.0/0, null, null, '{{ port }}', 443]", "is an expression"),
                       ("'{{ rule }}'", "an expression"), ("[130, tcp, allow]", "4 to 8 columns"),
                       ("[130, tcp, allow, 0.0.0.0/0, null, null, 1, 2, 3]", "4 to 8 columns"),
                       ("[130, tcp, allow, 0.0.0.0/0]", "tcp without a port range"),
                       ("[0130, tcp, allow, 0.0.0.0/0, null, null, 1, 2]", '"0130"'),
                       ("[130, icmp, allow, 0.0.0.0/0, 8]", "without the ICMP code (column 6)")):
        done = take(play(row), "--host")
        assert done.status == 2 and words in done.err and done.out == "" and "stdin:13:" in done.err, (row, done)


def test_what_the_info_module_returns():
    row = [[100, "tcp", "allow", "0.0.0.0/0", None, None, 443, 443], [110, "58", "allow", "::/0", 135, -1, None, None],
           [120, "47", "deny", "203.0.113.0/24", None, None, 0, 65535], [130, "all", "deny", "::/0", None, None, 0, 65535]]
    answer = {"changed": False, "nacls": [{"nacl_id": "acl-1", "vpc_id": "vpc-1", "tags": {"Name": "web"}, "subnets": [],
                                           "is_default": False, "ingress": row, "egress": []}]}
    done = take(answer, "--host")
    assert done.status == 0 and "4 entries: 4 rules" in done.err and 'protocol = "gre"' in done.out, done
    assert check(done.out).status == 0
