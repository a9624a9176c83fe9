"""What naclctl writes, judged by the tools it is for: the AWS CLI, the CDK, hcl2json."""
import json
import os
import shutil
import subprocess

from evaluator import rng_for
from lib import HERE, ROOT, Skip, scratch, take
from policies import config, random_entries
from test_export import describe, export, mutate, plain

AWS = "/usr/bin/aws"
ACL = "acl-0123456789abcdef0"
NODE = ROOT / "build/tools/interop"
DEFAULTS = [{"RuleNumber": 32767 + v6, "Egress": egress, "Protocol": "-1", "RuleAction": "deny",
             "Ipv6CidrBlock" if v6 else "CidrBlock": "::/0" if v6 else "0.0.0.0/0"} for v6 in (0, 1) for egress in (False, True)]


def with_endpoint(folder, entries, *command):
    """Runs a command whose `aws` meets the stub; returns what it printed, and the entries afterwards."""
    how = "-n" if os.getuid() == 0 else "-Urn"
    if not os.path.exists(AWS):
        raise Skip("Debian's awscli is missing")
    if subprocess.run(["unshare", how, "ip", "link", "set", "lo", "up"], capture_output=True).returncode:
        raise Skip("users may not make namespaces on this machine")
    state = folder / "state.json"
    state.write_text(json.dumps({ACL: entries}))
    done = subprocess.run(["unshare", how, "sh", "-c", 'ip link set lo up && exec "$@"', "sh", str(HERE / "stub.py"), str(state),
                           *command], capture_output=True, text=True, timeout=500)
    return done, json.loads(state.read_text())[ACL]


def test_the_aws_cli_runs_the_script():
    rng = rng_for("aws-cli")
    wanted = random_entries(rng, 5)
    with scratch() as folder:
        (folder / "script").write_text(export("aws-cli", config([("web", wanted)])).out)
        done, after = with_endpoint(folder, list(DEFAULTS), "bash", str(folder / "script"), ACL)
        assert done.returncode == 0, (done.stdout, done.stderr)
        assert plain(e for e in after if e["RuleNumber"] < 32767) == plain(wanted)
        # Once more: it replaces, and nothing changes. What describe prints then is the policy.
        again, after = with_endpoint(folder, after, "bash", "-c", f"bash {folder}/script {ACL} && aws ec2 describe-network-acls")
        assert again.returncode == 0 and "CreateNetworkAclEntry" not in again.stderr, again.stderr
        back = export("aws-json", take(again.stdout, "--host").out)
        assert plain(e for e in json.loads(back.out)["NetworkAcls"][0]["Entries"] if e["RuleNumber"] < 32767) == plain(wanted)
        yaml, _ = with_endpoint(folder, after, "aws", "ec2", "describe-network-acls", "--output", "yaml")
        assert take(yaml.stdout, "--host").out.count("rule = ") == len(wanted), yaml.stdout[:500]
        for form in ("text", "table"):
            text, _ = with_endpoint(folder, after, "aws", "ec2", "describe-network-acls", "--output", form)
            assert f"{form} output" in take(text.stdout, "--host").err, text.stdout[:500]


def test_the_aws_cli_runs_the_difference():
    rng = rng_for("difference")
    before = random_entries(rng, 5)
    wanted = mutate(rng, before)
    with scratch() as folder:
        (folder / "now.json").write_text(describe(before + DEFAULTS))
        (folder / "script").write_text(
            export("aws-cli", config([("web", wanted)]), "--against", str(folder / "now.json")).out)
        done, after = with_endpoint(folder, before + DEFAULTS, "bash", str(folder / "script"))
        assert done.returncode == 0, (done.stdout, done.stderr)
        assert plain(e for e in after if e["RuleNumber"] < 32767) == plain(wanted)
        once_more, still = with_endpoint(folder, after, "bash", str(folder / "script"), ACL)  # after an interruption
        assert once_more.returncode == 0 and plain(still) == plain(after), once_more.stderr


def node(program, *args):
    """Runs a program of this folder with the pinned packages; installs them where npm may."""
    if not shutil.which("npm") or not shutil.which("node"):
        raise Skip("node and npm are missing")
    NODE.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / "package-lock.json").read_text()
    done = NODE / "installed"
    if not done.exists() or done.read_text() != wanted:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, NODE)
        made = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=NODE, capture_output=True,
                              text=True, timeout=500)
        if made.returncode:
            raise Skip("npm cannot install the pinned packages")
        done.write_text(wanted)
    ran = subprocess.run(["node", str(HERE / program), *args], env=os.environ | {"NODE_PATH": str(NODE / "node_modules")},
                         capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout)


def test_the_cdk_takes_the_template():
    rng = rng_for("cdk")
    wanted = random_entries(rng)
    with scratch() as folder:
        path = folder / "net.template.json"
        path.write_text(export("cloudformation", config([("web-1", wanted)])).out)
        said = node("cfn.js", str(path))
        assert said["problems"] == [], said["problems"][:5]
        assert sum(r["Type"] == "AWS::EC2::NetworkAclEntry" for r in said["template"]["Resources"].values()) == len(wanted)
        # What the CDK makes of it is read back the same.
        back = take(json.dumps(said["template"]), "--host", "--acl", "web-1")
    lists = json.loads(export("aws-json", back.out).out)["NetworkAcls"][0]["Entries"]
    assert plain(e for e in lists if e["RuleNumber"] < 32767) == plain(wanted)


def test_the_spec_would_object():
    """The check above can fail: a property that the CDK lets pass."""
    with scratch() as folder:
        path = folder / "net.template.json"
        text = export("cloudformation", config([("web", random_entries(rng_for("cdk"), 3))])).out
        path.write_text(text.replace('"RuleNumber": ', '"Unheard": 1, "RuleNumber": '))
        problems = node("cfn.js", str(path))["problems"]
    assert problems and all(p.endswith(".Unheard: unknown") for p in problems), problems


def test_terraforms_parser_reads_the_same():
    """The .tf.json as HCL's JSON syntax: its attributes, printed as HCL, come back from hcl2json the same."""
    rng = rng_for("terraform")
    wanted = random_entries(rng)
    text = export("terraform", config([("web.1", wanted)])).out
    with scratch() as folder:
        path = folder / "net.tf.json"
        path.write_text(text)
        said = node("hcl.js", str(path))
    back = take(json.dumps(said), "--host")
    assert back.status in (0, 1), back
    lists = json.loads(export("aws-json", back.out).out)["NetworkAcls"][0]["Entries"]
    assert plain(e for e in lists if e["RuleNumber"] < 32767) == plain(wanted)
    rules = [r[0] for r in said["resource"]["aws_network_acl_rule"].values()]
    assert len(rules) == len(wanted) and all(isinstance(r["rule_number"], int) and isinstance(r["egress"], bool) for r in rules)
