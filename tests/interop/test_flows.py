"""naclctl flows: flow logs of AWS's documents' kinds, of nacld, and broken ones."""
import gzip
import json

from evaluator import rng_for
from lib import naclctl, scratch

V2 = "2 123456789010 eni-1 {} {} {} {} {} {} {} 1432917027 1432917142 {} OK"
SYN = V2.format("203.0.113.12", "172.31.16.139", 40000, 443, 6, 4, 336, "ACCEPT")
REPLY = V2.format("172.31.16.139", "203.0.113.12", 443, 40000, 6, 3, 180, "REJECT")
PING = V2.format("203.0.113.12", "172.31.16.139", 0, 0, 1, 4, 336, "ACCEPT")
PONG = V2.format("172.31.16.139", "203.0.113.12", 0, 0, 1, 4, 336, "REJECT")
RDP = [V2.format("172.31.9.69", "172.31.9.12", 49761 + i, 3389, 6, 20, 4249, "REJECT") for i in range(3)]
EMPTY = ["2 123456789010 eni-1 - - - - - - - 1431280876 1431280934 - NODATA",
         "2 123456789010 eni-1 - - - - - - - 1431280876 1431280934 - SKIPDATA"]
V5 = ("version srcaddr dstaddr srcport dstport protocol start end type packets bytes account-id interface-id a-newer-field action "
      "tcp-flags flow-direction log-status")
CONF = """exempt = [];
network_acls = ( { name = "web"; associations = ( { host = true; } );
  inbound = ( { rule = 100; action = "allow"; protocol = "tcp"; ports = "443"; source = "0.0.0.0/0"; } );
  outbound = ( { rule = 100; action = "allow"; protocol = "tcp"; ports = "443"; destination = "0.0.0.0/0"; } ); } );
"""


def flows(lines, *args, conf=CONF, data=None):
    with scratch() as folder:
        (folder / "nacld.conf").write_text(conf)
        (folder / "flow.log").write_bytes(data if data is not None else ("\n".join(lines) + "\n").encode())
        return naclctl("flows", *args, "flow.log", cwd=folder)


def told(lines, *args, **more):
    done = flows(lines, "-j", *args, **more)
    return json.loads(done.out), done


def test_awss_pair():
    answer, done = told([SYN, REPLY, PING, PONG] + RDP + EMPTY)
    assert done.status == 1 and done.err == "", done
    assert (answer["records"], answer["flows"], answer["nodata"], answer["skipdata"], answer["wrong"]) == (9, 7, 1, 1, 0), answer
    rejected = [(r["flow"], r["packets"]) for r in answer["rejected"]]
    assert rejected[0] == ("tcp 172.31.9.69 -> 172.31.9.12:3389", 60) and len(rejected) == 3, rejected
    pairs = {(p["flow"], p["reply"]["flow"]) for p in answer["replies_rejected"]}
    assert pairs == {("tcp 203.0.113.12:40000 -> 172.31.16.139:443", "tcp 172.31.16.139:443 -> 203.0.113.12:40000"),
                     ("icmp 203.0.113.12 -> 172.31.16.139", "icmp 172.31.16.139 -> 203.0.113.12")}, pairs
    text = flows([SYN, REPLY], "-f", "nacld.conf", "--host", "172.31.16.139").out
    assert "(a network ACL's mark)" in text and 'missing in outbound of "web": { rule = 110; action = "allow"; protocol = "tcp"; ' \
        'ports = "1024-65535"; destination = "0.0.0.0/0"; }' in text, text
    accepted, done = told([SYN, REPLY.replace("REJECT", "ACCEPT")])
    assert done.status == 0 and accepted["replies_rejected"] == [] == accepted["rejected"], accepted


def test_what_another_list_would_have_done():
    lines = [SYN, REPLY.replace("REJECT", "ACCEPT"), PING] + RDP
    answer, done = told(lines, "-f", "nacld.conf", "--host", "172.31.16.139")
    assert [(d["flow"], d["now"]) for d in answer["differs"]] == [("tcp 172.31.16.139:443 -> 203.0.113.12:40000", "deny")], answer
    assert answer["icmp"] == 1 and answer["undirected"] == 3 and done.status == 1, answer
    wide = CONF.replace('ports = "443"; destination', 'ports = "1024-65535"; destination')
    answer, done = told([SYN, REPLY], "-f", "nacld.conf", "--host", "172.31.16.139", conf=wide)
    assert [(d["flow"], d["now"]) for d in answer["differs"]] == [("tcp 172.31.16.139:443 -> 203.0.113.12:40000", "allow")], answer


def test_formats():
    row = "5 203.0.113.12 172.31.16.139 40000 443 6 1 2 IPv4 14 15044 123456789012 eni-1 - {} 19 {} OK"
    lines = [V5, row.format("ACCEPT", "ingress"), V5, row.format("REJECT", "egress")]
    answer, done = told(lines, "-f", "nacld.conf")
    assert answer["records"] == 2 and answer["undirected"] == 0 and done.err == "", done
    six = "srcaddr dstaddr action protocol srcport dstport\n2001:db8::1 2001:db8::2 REJECT 17 53 5353\n- - - - - -"
    answer, done = told([six])
    assert answer["rejected"][0]["flow"] == "udp 2001:db8::1 -> [2001:db8::2]:5353", answer
    for data in (gzip.compress((SYN + "\n" + REPLY).encode()), (SYN + "\r\n" + REPLY).encode()):
        answer, done = told(None, data=data)
        assert answer["records"] == 2 and answer["wrong"] == 0, (data, done)
    bare, done = told(["instance-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr", "- 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5",
                       "i-0123 10.0.1.5 203.0.113.5 10.0.1.5 203.0.113.5 #Traffic to a host on the internet"])
    assert bare["records"] == 2 == bare["unclear"] and done.status == 0, (bare, done)
    spaces, done = told([SYN.replace(" 443 ", "  443 ")])
    assert spaces["wrong"] == 0 and spaces["flows"] == 1, done


def test_lines_that_are_no_records():
    lines = [SYN, "...", "nonsense", SYN + " more", SYN.replace("40000", "400000"), SYN.replace("203.0.113.12", "203.0.113.256"),
             SYN.replace("ACCEPT", "MAYBE"), SYN.replace("172.31.16.139", "::1"), SYN[:-3], SYN.replace("OK", "FINE"), "", "# said", REPLY]
    answer, done = told(lines)
    assert answer["records"] == 2 and answer["wrong"] == 9, (answer["wrong"], done.err)
    assert "flow.log:2: no flow record: fewer fields" in done.err and "more such lines are counted only" in done.err, done.err
    assert done.err.count("no flow record") == 5
    long, done = told(None, data=(SYN + "\n").encode() + b"x" * 3_000_000 + b"\n" + REPLY.encode())
    assert long["records"] == 2 and "more than a megabyte" in done.err, (long, done.err)
    for args, words in ((("nope.log",), "No such file"), (("--host", "x", "flow.log"), "no address"), ((), "no flow log")):
        done = naclctl("flows", *args)
        assert done.status == 2 and words in done.err, (args, done)


def test_counts_of_a_large_log():
    rng = rng_for("flows")
    rejected, rows = 0, []
    for _ in range(20000):
        action = rng.choice(["ACCEPT", "REJECT"])
        packets = rng.randrange(1, 100)
        rejected += packets * (action == "REJECT")
        rows.append(V2.format(f"198.51.100.{rng.randrange(256)}", "192.0.2.1", rng.randrange(1024, 65536), rng.choice([22, 443]), 6,
                              packets, packets * 60, action))
    answer, _ = told(rows)
    assert answer["records"] == 20000 and sum(r["packets"] for r in answer["rejected"]) == rejected, answer["records"]
