/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * web: the fields that access logs and error logs of web servers share, under the names of Sigma's taxonomy.
 */
#ifndef WARD_EVENT_PARSERS_WEB_H
#define WARD_EVENT_PARSERS_WEB_H

#include "event/parser.h"

/* In the order in which they are usually there. */
#define WEB_FIELDS(X)                                                                                          \
	X(C_IP, "c-ip") X(USER, "cs-username") X(METHOD, "cs-method") X(URI, "cs-uri") X(STEM, "cs-uri-stem")  \
	X(QUERY, "cs-uri-query") X(VERSION, "cs-version") X(STATUS, "sc-status") X(BYTES, "sc-bytes")          \
	X(REFERER, "cs-referer") X(AGENT, "cs-user-agent") X(FORWARDED, "x-forwarded-for") X(HOST, "cs-host") \
	X(PORT, "s-port") X(IDENT, "ident") X(REQUEST, "cs-request") X(EXTRA, "extra")

#define WEB_FIELD_ID(id, name) WEB_##id,
enum web_field { WEB_FIELDS(WEB_FIELD_ID) WEB_FIELD_COUNT };

/* Part of a parser's state: the ids of the names. */
struct web_fields {
	uint32_t ids[WEB_FIELD_COUNT];
};

struct web_giving {
	struct parse *parse;
	struct event *event;
	struct web_fields *fields;
};

/* Add the field, but for an empty value and "-". Text loses its escapes: \" \\ \xHH. */
void web_give(const struct web_giving *to, enum web_field field, struct str value, enum value_kind kind);
/* "GET /a?b HTTP/1.1" into its parts. */
void web_give_request(const struct web_giving *to, struct str request);

bool web_is_number(struct str text);
bool web_has_port(struct str word); /* ends in ":" and digits */

#endif
