/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Terraform: aws_network_acl, aws_default_network_acl, aws_network_acl_rule and
 * aws_network_acl_association, from a plan or state in JSON or from JSON configuration.
 */
#include "interop/import/terraform_internal.h"

static bool is_plan(const struct node *root)
{
	return node_is(node_get(root, "planned_values"), NODE_MAP) ||
	       (node_is(node_get(root, "values"), NODE_MAP) &&
		node_get(node_get(root, "values"), "root_module"));
}

/* terraform.tfstate itself: its layout is Terraform's own business and changes. */
static bool is_raw_state(const struct node *root)
{
	return node_get(root, "lineage") && node_is(node_get(root, "resources"), NODE_LIST);
}

void terraform_read(struct importer *in)
{
	for (const struct node *root = in->document->first; root; root = root->next) {
		struct terraform tf = {.in = in};

		if (is_raw_state(root))
			nacl_note(in->doc, NACL_ERROR, NACL_NO_ACL, root,
				  "terraform show -json > state.json",
				  "this is Terraform's own state file");
		else if (is_plan(root))
			terraform_read_plan(&tf, root);
		else
			terraform_read_config(&tf, root);
	}
}

bool terraform_knows(const struct node *root)
{
	return is_plan(root) || is_raw_state(root) ||
	       (node_is(root, NODE_MAP) && node_get(root, "resource"));
}
