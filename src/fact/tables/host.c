/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The host itself and its operating system.
 */
#include <cap-ng.h>

#include "base/buf.h"
#include "base/vec.h"
#include "fact/tables/conf.h"

/* First line of a small file, trimmed; STR_NONE when it cannot be had (which is no degradation: the
 * caller has other sources). */
static struct str peek(struct scan *scan, const char *path)
{
	BUF(buf);
	struct str line = STR_NONE, rest;
	if (root_read(scan_root(scan), path, 65536, &buf) < 0)
		return STR_NONE;
	rest = buf_str(&buf);
	if (!str_line(&rest, &line))
		return STR_NONE;
	line = str_trim(line);
	return line.n ? arena_str(scan_arena(scan), line) : STR_NONE;
}

static bool is_there(struct scan *scan, const char *path)
{
	struct stat st;
	return root_stat(scan_root(scan), path, false, &st) == 0;
}

static struct str host_name(struct scan *scan)
{
	struct str name = peek(scan, "proc/sys/kernel/hostname"), text, line;
	if (name.p || scan_file(scan, "etc/hostname", &text) < 0)
		return name;
	while (str_line(&text, &line))
		if (!conf_is_comment(line, "#"))
			return str_trim(line);
	return STR_NONE;
}

/* What a virtual machine's firmware says of itself, as virtualisation products write it. */
static const struct {
	const char *starts, *virt;
} vendors[] = {
	{ "KVM", "kvm" },          { "OpenStack", "kvm" },      { "KubeVirt", "kvm" },
	{ "Amazon EC2", "amazon" }, { "QEMU", "qemu" },          { "VMware", "vmware" },
	{ "VMW", "vmware" },       { "innotek GmbH", "oracle" }, { "VirtualBox", "oracle" },
	{ "Xen", "xen" },          { "Bochs", "bochs" },        { "Parallels", "parallels" },
	{ "BHYVE", "bhyve" },      { "Hyper-V", "microsoft" },  { "Apple Virtualization", "apple" },
	{ "Google Compute Engine", "google" }, { "Alibaba Cloud", "kvm" }, { "Virtual Machine", "microsoft" },
};

static bool cpu_says_hypervisor(struct str cpuinfo)
{
	struct str line;
	while (str_line(&cpuinfo, &line)) {
		if (!str_starts(line, "flags"))
			continue;
		while (line.n)
			if (str_is(str_word(&line), "hypervisor"))
				return true;
		return false;
	}
	return false;
}

static struct str host_virt(struct scan *scan)
{
	static const char *const dmi[] = { "product_name", "sys_vendor", "board_vendor", "bios_vendor",
					   "product_version" };
	bool seen = false;
	for (size_t i = 0; i < COUNT(dmi); i++) {
		struct str path = arena_printf(scan_arena(scan), "sys/class/dmi/id/%s", dmi[i]);
		struct str text = peek(scan, path.p);
		seen |= text.p != NULL;
		for (size_t j = 0; text.p && j < COUNT(vendors); j++)
			if (str_starts(text, vendors[j].starts))
				return str_from(vendors[j].virt);
	}
	if (str_is(peek(scan, "sys/hypervisor/type"), "xen"))
		return STR("xen");
	BUF(cpuinfo);
	/* The first processor tells enough; the file is slow to make for all of them. */
	int r = root_read(scan_root(scan), "proc/cpuinfo", 8192, &cpuinfo);
	if ((r < 0 && r != -EFBIG) || !cpuinfo.n)
		return seen ? STR("none") : STR_NONE;
	return cpu_says_hypervisor(buf_str(&cpuinfo)) ? STR("other") : STR("none");
}

/* The container manager, an empty text when it is a host, STR_NONE when nothing tells. */
static struct str host_container(struct scan *scan)
{
	struct str name = peek(scan, "run/systemd/container");
	if (name.p)
		return name;
	if (is_there(scan, ".dockerenv"))
		return STR("docker");
	if (is_there(scan, "run/.containerenv"))
		return STR("podman");
	if (is_there(scan, "proc/vz") && !is_there(scan, "proc/bc"))
		return STR("openvz");
	BUF(text);
	if (root_read(scan_root(scan), "proc/1/environ", 1 << 20, &text) == 0) {
		for (struct str rest = buf_str(&text); rest.p;) {
			struct str entry = str_cut(&rest, '\0');
			if (str_starts(entry, "container=") && entry.n > 10)
				return arena_str(scan_arena(scan), str_slice(entry, 10, entry.n));
		}
	}
	static const struct {
		const char *part, *name;
	} marks[] = { { "/docker", "docker" },
		      { "/kubepods", "kubernetes" },
		      { "/lxc", "lxc" },
		      { "/libpod", "podman" } };
	buf_clear(&text);
	bool seen = root_read(scan_root(scan), "proc/1/cgroup", 1 << 20, &text) == 0;
	for (size_t i = 0; i < COUNT(marks); i++)
		if (seen && str_find(buf_str(&text), marks[i].part) >= 0)
			return str_from(marks[i].name);
	/* The first pid namespace always has this inode: PROC_PID_INIT_INO, include/linux/proc_ns.h. */
	buf_clear(&text);
	if (root_readlink(scan_root(scan), "proc/self/ns/pid", &text) == 0)
		return str_is(buf_str(&text), "pid:[4026531836]") ? STR("") : STR("other");
	return seen ? STR("") : STR_NONE;
}

struct self {
	int64_t uid, caps;
};

static struct self host_self(struct scan *scan)
{
	struct self self = { NONE, NONE };
	BUF(text);
	if (root_read(scan_root(scan), "proc/self/status", 65536, &text) < 0)
		return self;
	struct str rest = buf_str(&text), line;
	while (str_line(&rest, &line)) {
		struct str key = str_word(&line);
		int64_t number;
		if (str_is(key, "Uid:")) {
			str_word(&line); /* real; the effective one is next */
			self.uid = str_int_or(str_word(&line), NONE);
		} else if (str_is(key, "CapEff:") && str_to_int(str_word(&line), 16, &number)) {
			self.caps = number;
		}
	}
	return self;
}

static struct str caps_text(struct scan *scan, int64_t caps)
{
	struct str text = peek(scan, "proc/sys/kernel/cap_last_cap");
	int64_t last = str_int_or(text, 40);
	if (caps == NONE)
		return STR_NONE;
	if (last < 0 || last > 62)
		last = 40;
	int64_t all = (int64_t)(((uint64_t)1 << (last + 1)) - 1);
	if ((caps & all) == all)
		return STR("all");
	BUF(names);
	for (unsigned i = 0; i <= (unsigned)last; i++)
		if (caps >> i & 1) {
			const char *name = capng_capability_to_name(i);
			buf_puts(&names, names.n ? "," : "");
			if (name)
				buf_puts(&names, name);
			else
				buf_printf(&names, "cap_%u", i);
		}
	return arena_str(scan_arena(scan), buf_str(&names));
}

static int64_t boot_time(struct scan *scan)
{
	BUF(text);
	if (root_read(scan_root(scan), "proc/stat", ROOT_FILE_LIMIT, &text) < 0)
		return NONE;
	struct str rest = buf_str(&text), line;
	while (str_line(&rest, &line))
		if (str_is(str_word(&line), "btime"))
			return str_int_or(str_word(&line), NONE);
	return NONE;
}

static struct str host_init(struct scan *scan)
{
	struct str name = peek(scan, "proc/1/comm");
	if (name.p)
		return name;
	BUF(target);
	if (root_readlink(scan_root(scan), "sbin/init", &target) < 0)
		return is_there(scan, "sbin/init") ? STR("init") : STR_NONE;
	struct str path = buf_str(&target);
	ptrdiff_t slash = str_find_char_last(path, '/');
	return arena_str(scan_arena(scan), str_slice(path, (size_t)(slash + 1), path.n));
}

static int host_scan(struct scan *scan, struct err *err)
{
	struct str id = peek(scan, "etc/machine-id"), runtime = host_container(scan);
	struct self self = host_self(scan);
	int64_t container = runtime.p ? runtime.n > 0 : NONE;
	int64_t privileged = NONE;
	if (self.uid != NONE && self.caps != NONE) {
		const int64_t needed = (int64_t)1 << CAP_DAC_READ_SEARCH | (int64_t)1 << CAP_SYS_PTRACE;
		privileged = self.uid == 0 && (self.caps & needed) == needed;
	}
	return scan_row(scan, ROW(host_name(scan), str_is_hex(id, 32) ? id : STR_NONE, host_virt(scan), container,
	                          runtime.n ? runtime : STR_NONE, boot_time(scan), scan_now(scan), self.uid,
	                          caps_text(scan, self.caps), host_init(scan), privileged), err);
}

const struct table table_host = {
	.name = "host",
	.doc = "The machine, and who inspects it: one row",
	.sources = { "etc/hostname", "etc/machine-id", "proc/stat", "proc/self/status", "proc/1/cgroup",
	             "proc/cpuinfo",
	             "proc/1/environ" },
	.scan = host_scan,
	.columns = {
		{ "hostname", TEXT, "name of the host; NULL: not known" },
		{ "machine_id", TEXT, "32 hexadecimal digits, from /etc/machine-id; NULL: none or not valid" },
		{ "virt", TEXT, "none (real hardware), kvm, qemu, vmware, microsoft, xen, "
		                "oracle … or other; NULL: not known" },
		{ "container", INT, "1: this is inside a container; NULL: not known" },
		{ "container_runtime", TEXT, "docker, podman, lxc, systemd-nspawn, kubernetes … or other; "
		                             "NULL: no container, or not known" },
		{ "boot_time", INT, "when it started, seconds since 1970; NULL: not running" },
		{ "now", INT, "the moment of the inspection, seconds since 1970" },
		{ "uid", INT, "effective user id of the inspection; NULL: not the running system" },
		{ "caps", TEXT, "effective capabilities of the inspection: all, or names by "
		                "comma; NULL: not the running system" },
		{ "init", TEXT, "name of the first process (systemd, init …); NULL: not known" },
		{ "privileged", INT, "1: the inspection may read everything (uid 0 with the "
		                     "capabilities it needs); NULL: not known" },
	},
};

static int os_release_scan(struct scan *scan, struct err *err)
{
	static const char *const keys[] = { "ID", "ID_LIKE", "NAME", "PRETTY_NAME", "VERSION", "VERSION_ID",
		                            "VERSION_CODENAME", "VARIANT_ID", "BUILD_ID", "SUPPORT_END" };
	struct arena *arena = scan_arena(scan);
	struct str values[COUNT(keys)] = { 0 }, text, line, key, value, word;
	const char *path = "/etc/os-release";
	int r = scan_file(scan, path, &text);
	if (r == -ENOENT) {
		path = "/usr/lib/os-release";
		r = scan_source(scan, path, &text, err);
	}
	if (r < 0)
		return r;
	struct conf_lines lines = { .rest = text };
	while (conf_line(&lines, &line)) {
		if (conf_is_comment(line, "#"))
			continue;
		if (!conf_pair(line, &key, &value)) {
			conf_bad_line(scan, str_from(path), lines.number);
			continue;
		}
		if (!conf_word(arena, &value, &word))
			word = STR("");
		for (size_t i = 0; i < COUNT(keys); i++)
			if (str_is(key, keys[i]))
				values[i] = word;
	}
	/* os-release(5): the default of ID is "linux", of NAME and PRETTY_NAME "Linux". */
	return scan_row(scan,
			ROW(values[0].n ? values[0] : STR("linux"), values[1],
			    values[2].n ? values[2] : STR("Linux"), values[3].n ? values[3] : STR("Linux"),
			    values[4], values[5], values[6], values[7], values[8], values[9], path),
			err);
}

const struct table table_os_release = {
	.name = "os_release",
	.doc = "The operating system, by /etc/os-release or /usr/lib/os-release: one row",
	.sources = { "etc/os-release", "usr/lib/os-release" },
	.scan = os_release_scan,
	.columns = {
		{ "id", TEXT, "debian, ubuntu, openEuler, kylin …" },
		{ "id_like", TEXT, "what it derives from, by space; NULL: not said" },
		{ "name", TEXT, "name without version" },
		{ "pretty_name", TEXT, "name for people" },
		{ "version", TEXT, "version with its name; NULL: not said" },
		{ "version_id", TEXT, "version as a number, \"12\"; NULL: not said" },
		{ "codename", TEXT, "name of the version, \"bookworm\"; NULL: not said" },
		{ "variant_id", TEXT, "edition, \"server\"; NULL: not said" },
		{ "build_id", TEXT, "image it was installed from; NULL: not said" },
		{ "support_end", TEXT, "end of support that the vendor says, YYYY-MM-DD; NULL: not said" },
		{ "file", TEXT, "the file that was read" },
	},
};
