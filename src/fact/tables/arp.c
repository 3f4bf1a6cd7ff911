/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/scan.h"

static int arp_scan(struct scan *scan, struct err *err)
{
	struct str rest, line;
	int r = scan_source(scan, "proc/net/arp", &rest, err);
	if (r < 0)
		return r;
	str_line(&rest, &line); /* headings */
	while (str_line(&rest, &line)) {
		struct str address = str_word(&line);
		str_word(&line); /* hardware type */
		int64_t flags;
		bool known = str_to_int(str_word(&line), 16, &flags);
		struct str mac = str_word(&line);
		str_word(&line); /* mask */
		struct str dev = str_word(&line);
		if (!dev.n)
			continue;
		/* ATF_PERM 4, ATF_COM 2 (linux/if_arp.h) */
		const char *state = !known ? NULL : flags & 4 ? "permanent" : flags & 2 ? "reachable" : "incomplete";
		r = scan_row(scan, ROW(address, mac, dev, state), err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct table table_arp = {
	.name = "arp",
	.doc = "Neighbours that the kernel has resolved (IPv4)",
	.sources = { "proc/net/arp" },
	.scan = arp_scan,
	.columns = {
		{ "address", TEXT, "IPv4 address" },
		{ "mac", TEXT, "hardware address, lower case, colon-separated" },
		{ "interface", TEXT, "network interface" },
		{ "state", TEXT, "permanent, reachable or incomplete" },
	},
};
