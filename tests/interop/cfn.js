// cfn.js FILE: has the CDK's CfnInclude take a template, holds its properties to the service specification, and
// prints {template, problems}: what the CDK makes of it, and what the specification objects to.
const fs = require("fs");
const path = require("path");
const os = require("os");
const cdk = require("aws-cdk-lib");
const { CfnInclude } = require("aws-cdk-lib/cloudformation-include");
const { loadAwsServiceSpecSync } = require("@aws-cdk/aws-service-spec");

const file = process.argv[2];
const out = fs.mkdtempSync(path.join(os.tmpdir(), "nacl-cdk-"));
const app = new cdk.App({ outdir: out, analyticsReporting: false });
const stack = new cdk.Stack(app, "S");
new CfnInclude(stack, "T", { templateFile: file });
const template = app.synth().getStackByName("S").template;
fs.rmSync(out, { recursive: true });

const db = loadAwsServiceSpecSync();
const problems = [];

function check(where, value, type, types) {
	if (value !== null && typeof value === "object" && ("Ref" in value || "Fn::GetAtt" in value)) return;
	const kinds = { integer: Number.isInteger, number: (v) => typeof v === "number", boolean: (v) => typeof v === "boolean",
		string: (v) => typeof v === "string", array: Array.isArray };
	if (type.type === "ref") {
		const definition = db.get("typeDefinition", type.reference);
		for (const key of Object.keys(value)) {
			if (!definition.properties[key]) problems.push(`${where}.${key}: unknown`);
			else check(`${where}.${key}`, value[key], definition.properties[key].type);
		}
	} else if (kinds[type.type] && !kinds[type.type](value)) {
		problems.push(`${where}: ${JSON.stringify(value)} is no ${type.type}`);
	} else if (type.type === "array") {
		value.forEach((v, i) => type.element.type !== "tag" && check(`${where}[${i}]`, v, type.element));
	}
}

const source = JSON.parse(fs.readFileSync(file, "utf8"));
for (const [id, resource] of Object.entries(source.Resources)) {
	const spec = db.lookup("resource", "cloudFormationType", "equals", resource.Type).only();
	for (const [name, property] of Object.entries(spec.properties)) {
		if (property.required && !(name in resource.Properties)) problems.push(`${id}: ${name} is required`);
	}
	for (const [name, value] of Object.entries(resource.Properties)) {
		if (!spec.properties[name]) problems.push(`${id}.${name}: unknown`);
		else check(`${id}.${name}`, value, spec.properties[name].type);
	}
}
console.log(JSON.stringify({ template, problems }));
