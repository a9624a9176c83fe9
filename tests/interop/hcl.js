// hcl.js FILE: prints a .tf.json as HCL, has Terraform's own parser (hcl2json) read that, and prints what it read.
const fs = require("fs");
const { parse } = require("@cdktf/hcl2json");

function value(v) {
	if (v !== null && typeof v === "object") {
		return "{ " + Object.entries(v).map(([k, x]) => `${k} = ${value(x)}`).join(", ") + " }";
	}
	// In a type constraint the word itself, else HCL's literals, which are JSON's; "${...}" stays a template.
	return JSON.stringify(v);
}

const blocks = [];
const json = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
for (const [name] of Object.entries(json.variable || {})) blocks.push(`variable "${name}" {}`);
for (const [type, named] of Object.entries(json.resource)) {
	for (const [name, attributes] of Object.entries(named)) {
		const lines = Object.entries(attributes).map(([k, v]) => `  ${k} = ${value(v)}`);
		blocks.push(`resource "${type}" "${name}" {\n${lines.join("\n")}\n}`);
	}
}
parse("net.tf", blocks.join("\n\n") + "\n").then((read) => console.log(JSON.stringify(read)));
