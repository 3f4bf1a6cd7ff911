/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * xml: text made safe for XML and HTML.
 */
#ifndef WARD_DATA_XML_H
#define WARD_DATA_XML_H

#include "base/buf.h"

/* Escape & < > " ' ; bytes that are not UTF-8 and control characters but tab and LF become U+FFFD. */
void xml_add(struct buf *out, struct str text);

#endif
