#!/bin/bash
# PyYAML's two loaders disagree about JSON, which YAML 1.2 takes in. json.dumps writes a character above U+FFFF as two \u
# escapes: SafeLoader makes two lone surrogates of it, text that cannot be written as UTF-8 again; CSafeLoader (libyaml)
# refuses the file. JSON that is indented with tabs is the reverse: SafeLoader refuses it, CSafeLoader reads it. So a
# template or a describe-network-acls answer with a lock sign in a tag, or from an editor with tabs, opens with one and
# not with the other, and which of them a program has depends on how it was built.
#
# Unpacks Debian 12's python3-yaml 6.0-3 and libyaml 0.2.5-1 into a folder, reads both files with both loaders, without
# nacld, and fails when that has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
cd "$work"
apt-get download -q -o APT::Sandbox::User=root python3-yaml=6.0-3+b2 libyaml-0-2=0.2.5-1 >log 2>&1 || {
	tail -n 3 log >&2
	exit 2
}
for package in *.deb; do
	dpkg-deb -x "$package" root
done
cat >read.py <<'END'
import json, sys, yaml

LOCK = "\U0001F512"
answer = {"NetworkAcls": [{"NetworkAclId": "acl-1", "Tags": [{"Key": "Name", "Value": LOCK}]}]}


def read(text, loader):
    try:
        value = yaml.load(text, Loader=getattr(yaml, loader))["NetworkAcls"][0]["Tags"][0]["Value"]
    except yaml.YAMLError as error:
        return str(error).splitlines()[2 if "scalar" in str(error) else 0].strip()
    if value == LOCK:
        return "read"
    try:
        value.encode()
    except UnicodeEncodeError as error:
        return f"{ascii(value)}, which UTF-8 cannot encode: {error.reason}"
    return ascii(value)


print("PyYAML", yaml.__version__, "libyaml", yaml.__with_libyaml__)
for what, text in (("escapes", json.dumps(answer)), ("tabs", json.dumps(answer, indent="\t", ensure_ascii=False)),
                   ("neither", json.dumps(answer, indent=4, ensure_ascii=False))):
    for loader in ("SafeLoader", "CSafeLoader"):
        print(what, loader, read(text, loader))
END
PYTHONPATH=root/usr/lib/python3/dist-packages LD_LIBRARY_PATH=$(echo root/usr/lib/*-linux-gnu) /usr/bin/python3 read.py | tee said
diff - said <<'END'
PyYAML 6.0 libyaml True
escapes SafeLoader '\ud83d\udd12', which UTF-8 cannot encode: surrogates not allowed
escapes CSafeLoader found invalid Unicode character escape code
tabs SafeLoader while scanning for the next token
tabs CSafeLoader read
neither SafeLoader read
neither CSafeLoader read
END
