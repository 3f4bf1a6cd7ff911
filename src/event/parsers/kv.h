/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * kv: what other parsers ask of the key=value parser.
 */
#ifndef WARD_EVENT_PARSERS_KV_H
#define WARD_EVENT_PARSERS_KV_H

#include "base/str.h"

/* The beginning of the text consists of pairs more than of words. */
bool kv_likely(struct str text);

#endif
