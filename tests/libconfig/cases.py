"""Small files that versions of libconfig might read differently.

ACCEPTED: name -> (text, what its canonical text must hold). REFUSED: name -> (text, what its error must say). A text
is a whole configuration; rule() and top() put a value where it belongs.
"""


def rule(ports='"443"', *, more="", number="100", source='"0.0.0.0/0"', after=""):
    return ('network_acls = ( { name = "a"; associations = ( { host = true; } ); outbound = ( ); inbound = (\n'
            f'{{ rule = {number}; action = "allow"; protocol = "tcp"; ports = {ports}; source = {source}; {more}}}\n'
            f') }} ){after}')


def top(setting, *, after=""):
    return f"{setting}\n{rule()};{after}\n"


PORT_443 = 'ports = "443"'

ACCEPTED = {
    "plain": (rule(), PORT_443),
    # Where a file ends.
    "no-newline": (rule(after=";"), PORT_443),
    "no-semicolon": (rule(), PORT_443),
    "hash-comment-at-the-end": (rule(after=";\n# end"), PORT_443),
    "slash-comment-at-the-end": (rule(after=";\n// end"), PORT_443),
    "block-comment-at-the-end": (rule(after="; /* end */"), PORT_443),
    "comment-after-the-last-setting": (rule(after="; # end"), PORT_443),
    "comment-with-newline-at-the-end": (rule(after=";\n# end\n"), PORT_443),
    "empty-hash-at-the-end": (rule(after=";\n#"), PORT_443),
    "empty-slashes-at-the-end": (rule(after=";\n//"), PORT_443),
    "carriage-return-at-the-end": (rule(after=";\r"), PORT_443),
    "form-feed-at-the-end": (rule(after=";\f"), PORT_443),
    "blanks-at-the-end": (rule(after=";  \t \n\n\n"), PORT_443),
    # Comments.
    "crlf": (rule(after=";\n").replace("\n", "\r\n"), PORT_443),
    "block-comment-within": (rule("/* no */ 443"), PORT_443),
    "block-comment-of-stars": (rule("/**** no ****/ 443"), PORT_443),
    "block-comment-over-lines": (rule("/* one\n two\n * three */ 443"), PORT_443),
    "quote-in-a-comment": (rule('443 /* " */'), PORT_443),
    "brackets-in-a-comment": (rule("443 # ) } ]\n"), PORT_443),
    "hash-in-a-block-comment": (rule("443 /* # */"), PORT_443),
    "comment-opened-in-a-comment": (rule("443 // /* \n"), PORT_443),
    "include-in-a-comment": ("# @include \"gone.conf\"\n" + rule(), PORT_443),
    "include-in-a-block-comment": ("/*\n@include \"gone.conf\"\n*/\n" + rule(), PORT_443),
    "hash-in-a-text": (top('flow_log = { file = "/var/log/a#b"; };'), 'file = "/var/log/a#b"'),
    "slashes-in-a-text": (top('flow_log = { file = "/var//log/a"; };'), 'file = "/var//log/a"'),
    "include-in-a-text": (top('flow_log = { file = "/@include"; };'), 'file = "/@include"'),
    # Separators and assignments.
    "colons": (rule(after=";").replace(" = ", " : "), PORT_443),
    "commas-after-settings": (rule(after=",").replace("; ", ", "), PORT_443),
    "no-separators": (rule().replace("; ", " "), PORT_443),
    "no-blanks": (rule().replace(" ", "").replace("\n", ""), PORT_443),
    "a-setting-a-line": (rule().replace("; ", "\n"), PORT_443),
    "equals-on-the-next-line": (rule().replace(" = ", "\n=\n"), PORT_443),
    "tabs": (rule().replace(" ", "\t"), PORT_443),
    # Integers.
    "integer": (rule("443"), PORT_443),
    "hexadecimal": (rule("0x1bb"), PORT_443),
    "hexadecimal-capital": (rule("0X1BB"), PORT_443),
    "plus": (rule("+443"), PORT_443),
    "suffix-L": (rule("443L"), PORT_443),
    "suffix-LL": (rule("443LL"), PORT_443),
    "hexadecimal-suffix": (rule("0x1bbL"), PORT_443),
    "zero": (rule("0"), 'ports = "0"'),
    "hexadecimal-zero": (rule("0x0"), 'ports = "0"'),
    "minus-zero": (rule("-0"), 'ports = "0"'),
    "largest-port": (rule("65535"), 'ports = "65535"'),
    "protocol-number": (rule().replace('"tcp"', "6"), 'protocol = "tcp"'),
    "minus-one": (rule().replace('"tcp"; ports = "443"', "-1"), 'protocol = "all"'),
    # Booleans.
    "true-capital": (rule().replace("true", "TRUE"), "host = true"),
    "true-mixed": (rule().replace("true", "tRuE"), "host = true"),
    # Texts.
    "quote-escaped": (top('sets = ( { name = "s"; file = "\\"q\\".txt"; } );'), PORT_443),
    "backslash-escaped": (top('sets = ( { name = "s"; file = "b\\\\s.txt"; } );'), PORT_443),
    "utf8-in-a-text": (top('sets = ( { name = "s"; file = "h\u00f4te.txt"; } );'), PORT_443),
    "curly-quote-in-a-file-name": (top('sets = ( { name = "s"; file = "l\u2019h\u00f4te.txt"; } );'), PORT_443),
    # Lists and arrays.
    "array": (top('exempt = [ "dhcp" ];'), 'exempt = ["dhcp"]'),
    "list-for-an-array": (top('exempt = ( "dhcp" );'), 'exempt = ["dhcp"]'),
    "empty-array": (top("exempt = [ ];"), "exempt = []"),
    "empty-list": (top("exempt = ( );"), "exempt = []"),
    "array-over-lines": (top('exempt = [\n"dhcp"\n,\n"loopback"\n];'), 'exempt = ["loopback", "dhcp"]'),
    "array-of-a-comment": (top('exempt = [ /* none */ ];'), "exempt = []"),
    # Includes.
    "include": ('@include "acls.inc"\n', PORT_443),
    "include-first-blank": (' \t@include "acls.inc"\n', PORT_443),
    "include-tab": ('@include\t"acls.inc"\n', PORT_443),
    "include-without-newline": ('@include "acls.inc"', PORT_443),
    "include-in-a-folder": ('@include "sub/outer.inc"\n', PORT_443),
    "include-twice": (rule() + ';\n@include "empty.inc"\n@include "empty.inc"\n', PORT_443),
    "include-within-a-list": ("network_acls = (\n@include \"acl.inc\"\n);\n", PORT_443),
    "include-that-ends-in-a-comment": ('@include "comment.inc"\n' + rule(), 'mode = "monitor"'),
    "include-comment-behind": ('@include "empty.inc" # nothing\n' + rule(), PORT_443),
    "include-two-lines-one-token": ('mode =\n@include "value.inc"\n;\n' + rule(), 'mode = "monitor"'),
    # A byte order mark at the start.
    "byte-order-mark": ("\ufeff" + rule(), PORT_443),
    "include-byte-order-mark": ('@include "mark.inc"\n' + rule(), 'mode = "monitor"'),
}

ESCAPES = ["a", "b", "f", "n", "r", "t", "v", "0", "1", "7", "x", "x4", "x41", "x00", "xff", "x1b", "101", "u0041", "'",
           "e", "?", "/", " ", "&", "N", "X41"]

REFUSED = {
    # Escapes in texts.
    **{f"escape-{n:02}": (rule(f'"44\\{escape}3"'), "in a text means different things") for n, escape in enumerate(ESCAPES)},
    "escape-in-a-range": (rule('"443\\x00-65535"'), "in a text means different things"),
    "escape-in-a-name": (rule().replace('"a"', '"\\x61"'), "in a text means different things"),
    "escape-in-a-key-of-a-set": (top('sets = ( { name = "s"; file = "a\\tb"; } );'), "in a text means different things"),
    "escape-after-a-backslash": (rule('"44\\\\\\x33"'), "in a text means different things"),
    "escaped-quote-in-a-port": (rule('"44\\"3"'), "not a port range"),
    "escaped-backslash-in-a-port": (rule('"44\\\\3"'), "not a port range"),
    # Texts.
    "text-over-lines": (rule('"4\n43"'), "not closed on its line"),
    "text-not-closed": (rule('"443'), "syntax error"),
    "text-with-backslash-newline": (rule('"4\\\n43"'), "not closed on its line"),
    "texts-in-a-row": (rule('"4" "43"'), "syntax error"),
    "texts-in-a-row-over-lines": (rule('"4"\n"43"'), "syntax error"),
    "single-quotes": (rule("'443'"), "syntax error"),
    "no-break-space-in-a-text": (rule('"443\u00a0"'), "no-break space"),
    "zero-width-space-in-a-text": (rule('"4\u200b43"'), "zero width space"),
    "control-character-in-a-text": (rule('"4\x0143"'), "not a port range"),
    "bad-utf8-in-a-text": (rule('"4\udcff43"'), "not a port range"),
    # Integers.
    "binary": (rule("0b110111011"), "not every libconfig reads 0b110111011"),
    "binary-capital": (rule("0B11"), "not every libconfig reads 0B11"),
    "octal-o": (rule("0o673"), "not every libconfig reads 0o673"),
    "octal-q": (rule("0q673"), "not every libconfig reads 0q673"),
    "leading-zero": (rule("0443"), "could be meant as octal"),
    "leading-zeros-suffix": (rule("00443L"), "could be meant as octal"),
    "too-large": (rule("4294967739"), "too large"),
    "too-large-suffix": (rule("4294967739L"), "too large"),
    "too-large-hexadecimal": (rule("0x1000001bb"), "too large"),
    "beyond-64-bits": (rule("18446744073709552059"), "too large"),
    "too-small": (rule("-4294966853"), "too large"),
    "beyond-a-port": (rule("65536"), "0 to 65535"),
    "hexadecimal-with-a-sign": (rule("-0x1bb"), "syntax error"),
    "hexadecimal-without-digits": (rule("0x"), "syntax error"),
    "underscores": (rule("4_43"), "syntax error"),
    "suffix-u": (rule("443u"), "syntax error"),
    "suffix-l": (rule("443l"), "syntax error"),
    "range-of-integers": (rule("1-2"), "syntax error"),
    "sum": (rule("1+2"), "syntax error"),
    # Numbers with a fraction.
    "float": (rule("443.0"), "not a number with a fraction"),
    "float-point-last": (rule("443."), "not a number with a fraction"),
    "float-point-first": (rule(".5"), "not a number with a fraction"),
    "float-exponent": (rule("4e2"), "not a number with a fraction"),
    "float-exponent-sign": (rule("4E+2"), "not a number with a fraction"),
    "float-huge": (rule("1e999"), "not a number with a fraction"),
    "float-infinite": (rule("inf"), "syntax error"),
    "float-nan": (rule("NaN"), "syntax error"),
    # Booleans and other words.
    "yes": (rule().replace("true", "yes"), "syntax error"),
    "true-as-a-name": (top("true = 1;"), "syntax error"),
    "null": (rule("null"), "syntax error"),
    "true-in-quotes": (rule().replace("true", '"true"'), "can only be true"),
    # Structure.
    "trailing-comma-list": (top('exempt = ( "dhcp", );'), "syntax error"),
    "trailing-comma-array": (top('exempt = [ "dhcp", ];'), "syntax error"),
    "leading-comma": (top('exempt = [ , "dhcp" ];'), "syntax error"),
    "two-commas": (top('exempt = [ "dhcp",, "loopback" ];'), "syntax error"),
    "semicolon-in-a-list": (top('exempt = [ "dhcp"; "loopback" ];'), "syntax error"),
    "mixed-array": (top('exempt = [ "dhcp", 1 ];'), "values of one kind"),
    "mixed-array-boolean": (top('exempt = [ true, "dhcp" ];'), "values of one kind"),
    "mixed-list": (top('exempt = ( "dhcp", 1 );'), "quoted texts"),
    "group-in-an-array": (top('exempt = [ { } ];'), "syntax error"),
    "array-in-an-array": (top('exempt = [ [ ] ];'), "syntax error"),
    "two-semicolons": (top('mode = "enforce";;'), "syntax error"),
    "semicolon-first": (";" + rule(), "syntax error"),
    "duplicate": (top('mode = "enforce"; mode = "monitor";'), "is set twice"),
    "duplicate-in-a-rule": (rule(more='ports = "80";'), "is set twice"),
    "duplicate-other-case": (top('Mode = "enforce";'), "unknown key"),
    "name-with-a-dot": (top("a.b = 1;"), "syntax error"),
    "name-in-quotes": (top('"mode" = "enforce";'), "syntax error"),
    "name-begins-with-a-star": (top('*mode = "enforce";'), "unknown key"),
    "name-begins-with-a-digit": (top('1mode = "enforce";'), "syntax error"),
    "name-begins-with-an-underscore": (top('_mode = "enforce";'), "syntax error"),
    "double-equals": (top('mode == "enforce";'), "syntax error"),
    "arrow": (top('mode => "enforce";'), "syntax error"),
    "no-value": (top("mode = ;"), "syntax error"),
    "ends-in-a-setting": ("mode =", "ends in the middle"),
    "ends-in-a-group": ("queue = { first = 1;", "never closed"),
    "closes-too-much": (rule(after="; }"), "closes nothing"),
    "wrong-bracket": (top('exempt = [ "dhcp" );'), "does not close"),
    "comment-not-closed": (rule(after=";\n/* "), "never closed"),
    "nested-comment": (rule("443 /* /* */ */"), "syntax error"),
    "backslash": (rule("\\443"), "syntax error"),
    "at-sign": (rule("@443"), "syntax error"),
    "dollar": (rule("$PORT"), "syntax error"),
    "vertical-tab": (rule("\v443"), "syntax error"),
    "nul": (rule() + ";\n\0", "NUL byte"),
    "sixteen-deep": ("a = " + "( " * 16, "brackets inside each other"),
    "empty": ("", "there is no network ACL"),
    "only-a-comment": ("# nothing", "there is no network ACL"),
    "only-blanks": (" \n\t\r\n", "there is no network ACL"),
    # Characters that look like others.
    "curly-quotes": (rule("\u201c443\u201d"), "curly quote"),
    "no-break-space": (rule("\u00a0443"), "no-break space"),
    "byte-order-mark-within": (rule("\ufeff443"), "byte order mark"),
    "en-dash": (rule("1\u20132"), "en dash"),
    "fullwidth-letter": (rule("\uff14"), "syntax error"),
    # Includes.
    "include-missing": ('@include "gone.inc"\n' + rule(), "cannot read"),
    "include-a-folder": ('@include "sub"\n' + rule(), "cannot read"),
    "include-absolute": ('@include "/etc/hostname"\n' + rule(), "no absolute name"),
    "include-backslash": ('@include "a\\\\b"\n' + rule(), "no backslash"),
    "include-wildcard": ('@include "*.inc"\n' + rule(), "cannot read"),
    "include-itself": ('@include "include-itself.conf"\n' + rule(), "includes itself"),
    "include-without-quotes": ("@include acls.inc\n" + rule(), "@include"),
    "include-single-quotes": ("@include 'acls.inc'\n" + rule(), "@include"),
    "include-not-first": ('mode = "enforce"; @include "acls.inc"\n', "@include"),
    "include-two-names": ('@include "empty.inc" "empty.inc"\n' + rule(), "syntax error"),
    "include-without-a-name": ("@include\n" + rule(), "@include"),
    "include-error-within": ('@include "bad.inc"\n' + rule(), 'bad.inc:2: error: "count" is 1 to'),
    "include-duplicate": ('mode = "enforce";\n@include "comment.inc"\n' + rule(), "is set twice"),
    "includedir": ('@includedir "sub"\n' + rule(), "@include"),
    "include_dir": ('@include_dir "sub"\n' + rule(), "@include"),
}

# What the cases include, and the files of their sets.
FILES = {
    "acls.inc": rule() + ";",
    "acl.inc": rule().split("(", 1)[1].rsplit(")", 1)[0],
    "empty.inc": "",
    "comment.inc": 'mode = "monitor"; # the end',
    "value.inc": '"monitor"',
    "mark.inc": '\ufeffmode = "monitor";\n',
    "bad.inc": "queue = { first = 7;\n  count = 0; };\n",
    "sub/outer.inc": '@include "acls.inc"\n',
    '"q".txt': "192.0.2.1\n",
    "b\\s.txt": "192.0.2.1\n",
    "h\u00f4te.txt": "192.0.2.1\n",
    "l\u2019h\u00f4te.txt": "192.0.2.1\n",
}
