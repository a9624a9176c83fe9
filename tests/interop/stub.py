#!/usr/bin/python3
"""stub.py STATE COMMAND...: an EC2 endpoint on loopback that keeps network ACL entries, while COMMAND runs.

STATE is a JSON file {acl id: [entries as describe-network-acls has them]}: read at the start, written at the end.
`aws` in COMMAND's PATH is the real one, sent here. It answers what EC2 does as far as the documented errors go:
creating what is there and replacing or deleting what is not are refused. Run it in a network namespace of its own.
"""
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import urllib.parse
from xml.sax.saxutils import escape

REAL = "/usr/bin/aws"  # Debian's
STATE = pathlib.Path(sys.argv[1])
acls = json.loads(STATE.read_text())
calls = []


class Refused(Exception):
    pass


def entry_of(q):
    entry = {"RuleNumber": int(q["RuleNumber"]), "Egress": q["Egress"] == "true", "Protocol": q["Protocol"],
             "RuleAction": q["RuleAction"]}
    entry |= {k: q[k] for k in ("CidrBlock", "Ipv6CidrBlock") if k in q}
    if "PortRange.From" in q:
        entry["PortRange"] = {"From": int(q["PortRange.From"]), "To": int(q["PortRange.To"])}
    if "Icmp.Type" in q:
        entry["IcmpTypeCode"] = {"Code": int(q["Icmp.Code"]), "Type": int(q["Icmp.Type"])}
    return entry


def change(action, q):
    entries = acls[q["NetworkAclId"]]
    key = (int(q["RuleNumber"]), q["Egress"] == "true")
    there = [e for e in entries if (e["RuleNumber"], e["Egress"]) == key]
    if action == "CreateNetworkAclEntry" and there:
        raise Refused("NetworkAclEntryAlreadyExists")
    if action != "CreateNetworkAclEntry" and not there:
        raise Refused("InvalidNetworkAclEntry.NotFound")
    entries[:] = [e for e in entries if e not in there] + ([] if action == "DeleteNetworkAclEntry" else [entry_of(q)])
    return "<return>true</return>"


def xml(name, value):
    name = name[0].lower() + name[1:]
    if isinstance(value, dict):
        return f"<{name}>{''.join(xml(k, v) for k, v in value.items())}</{name}>"
    return f"<{name}>{escape(str(value).lower() if isinstance(value, bool) else str(value))}</{name}>"


def describe(q):
    names = {"PortRange": "portRange", "IcmpTypeCode": "icmpTypeCode"}
    items = ""
    for ident, entries in acls.items():
        inner = "".join("<item>" + "".join(xml(names.get(k, k), v) for k, v in e.items()) + "</item>" for e in entries)
        items += f"<item><networkAclId>{ident}</networkAclId><entrySet>{inner}</entrySet></item>"
    return f"<networkAclSet>{items}</networkAclSet>"


class Endpoint(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        q = dict(urllib.parse.parse_qsl(body))
        action = q["Action"]
        calls.append(action)
        try:
            status, text = 200, describe(q) if action == "DescribeNetworkAcls" else change(action, q)
            text = f'<{action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">{text}</{action}Response>'
        except Refused as why:
            status, text = 400, f"<Response><Errors><Error><Code>{why}</Code><Message>no</Message></Error></Errors></Response>"
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        aws = pathlib.Path(folder) / "aws"
        aws.write_text(f'#!/bin/sh\nexec {REAL} --endpoint-url http://127.0.0.1:{server.server_port} --no-paginate "$@"\n')
        aws.chmod(0o755)
        env = {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": folder, "AWS_ACCESS_KEY_ID": "none", "LC_ALL": "C.UTF-8",
               "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true"}
        status = subprocess.run(sys.argv[2:], env=env).returncode
    STATE.write_text(json.dumps(acls))
    print(" ".join(calls), file=sys.stderr)
    return status


sys.exit(main())
