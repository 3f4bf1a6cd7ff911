/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <arpa/inet.h>

#include "detect/sigma_value.h"

static void quoted_add(struct buf *out, struct str text)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else
			buf_add_char(out, (char)c);
	}
	buf_add_char(out, '"');
}

static void cidr_add(struct buf *out, const struct sigma_cidr *cidr)
{
	char text[INET6_ADDRSTRLEN] = "";
	bool v4 = cidr->bits >= 96 && cidr->address[10] == 0xff && cidr->address[11] == 0xff;
	inet_ntop(v4 ? AF_INET : AF_INET6, cidr->address + (v4 ? 12 : 0), text, sizeof(text));
	buf_printf(out, " in %s/%d", text, cidr->bits - (v4 ? 96 : 0));
}

static void item_words(const struct sigma_item *item, struct buf *out)
{
	static const char *const hows[] = { "=", " contains ", " starts with ", " ends with " };
	static const char *const parts[] = { "", "minute", "hour", "day", "week", "month", "year" };
	static const char *const signs[] = { [SIGMA_LT] = "<", [SIGMA_LE] = "<=", [SIGMA_GT] = ">", [SIGMA_GE] = ">=",
		                             [SIGMA_EQ] = "=" };
	BUF(text);
	if (item->part)
		buf_printf(out, "%s of ", parts[item->part]);
	buf_add(out, item->field);
	switch (item->op) {
	case SIGMA_PATTERN:
		sigma_pattern_words(&item->pattern, &text);
		buf_puts(out, item->field.p ? (item->cased ? "==" : "=") : "");
		quoted_add(out, buf_str(&text));
		break;
	case SIGMA_REGEX:
		buf_printf(out, "%s/%.*s/%s%s%s", item->field.p ? "=" : "", STR_ARG(item->regex),
		           item->flags & SIGMA_FLAG_I ? "i" : "", item->flags & SIGMA_FLAG_M ? "m" : "",
		           item->flags & SIGMA_FLAG_S ? "s" : "");
		break;
	case SIGMA_CIDR:
		cidr_add(out, &item->cidr);
		break;
	case SIGMA_NULL:
		buf_puts(out, "=null");
		break;
	case SIGMA_EXISTS:
		buf_puts(out, " exists");
		break;
	case SIGMA_FIELDREF:
		buf_printf(out, "%s%.*s", item->cased && !item->how ? "==" : hows[item->how], STR_ARG(item->other));
		break;
	default:
		buf_printf(out, "%s%.15g", signs[item->op], item->than);
	}
}

void sigma_node_words(const struct sigma_node *node, struct buf *out)
{
	switch (node->kind) {
	case NODE_TRUE:
	case NODE_FALSE:
		buf_puts(out, node->kind == NODE_TRUE ? "true" : "false");
		break;
	case NODE_NOT:
		buf_puts(out, "not ");
		sigma_node_words(node->child[0], out);
		break;
	case NODE_ITEM:
		item_words(node->item, out);
		break;
	default:
		buf_add_char(out, '(');
		for (uint32_t i = 0; i < node->n; i++) {
			if (i)
				buf_puts(out, node->kind == NODE_AND ? " and " : " or ");
			sigma_node_words(node->child[i], out);
		}
		buf_add_char(out, ')');
	}
}
