/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Disks and what lies on them, and USB devices, as sysfs shows them. No device is opened.
 */
#include "base/map.h"
#include "base/vec.h"
#include "fact/tables/conf.h"

enum { DEVICES_MAX = 20000, LAYERS_MAX = 16 };

/* The whole of a small file, trimmed; STR_NONE when it is missing or not readable (then said). */
static struct str sys_text(struct scan *scan, struct str folder, const char *name)
{
	struct str text, path = arena_printf(scan_arena(scan), "%.*s/%s", STR_ARG(folder), name);
	return scan_file(scan, path.p, &text) < 0 ? STR_NONE : str_trim(text);
}

static bool is_there(struct scan *scan, struct str folder, const char *name)
{
	struct stat st;
	struct str path = arena_printf(scan_arena(scan), "%.*s/%s", STR_ARG(folder), name);
	return root_stat(scan_root(scan), path.p, true, &st) == 0;
}

struct block {
	struct str kernel_name, folder, name, disk, number, uuid, fstype, fs_uuid, label;
	int64_t size, removable, read_only;
	const char *type;
	enum { UNDECIDED, DECIDING, PLAIN, ENCRYPTED } state;
	struct str *parents;
	size_t parent_count;
};

struct blocks {
	struct scan *scan;
	struct map by_name, by_number;
	struct {
		struct block **p;
		size_t n, room;
	} all;
};

static const char *device_type(struct scan *scan, const struct block *block)
{
	struct str uuid = block->uuid, name = block->kernel_name;
	if (block->disk.p)
		return "part";
	if (str_starts(uuid, "CRYPT-"))
		return "crypt";
	if (str_starts(uuid, "LVM-"))
		return "lvm";
	if (str_starts(uuid, "mpath-"))
		return "mpath";
	if (str_starts(name, "dm-"))
		return "dm";
	if (is_there(scan, block->folder, "md"))
		return "raid";
	if (str_starts(name, "loop"))
		return "loop";
	return str_starts(name, "sr") ? "rom" : "disk";
}

/* What udev found on the device: "E:ID_FS_TYPE=ext4" in /run/udev/data/bMAJOR:MINOR. */
static void udev_read(struct scan *scan, struct block *block)
{
	struct str text, line, path = arena_printf(scan_arena(scan), "run/udev/data/b%.*s", STR_ARG(block->number));
	if (!block->number.n || str_find_char(block->number, '/') >= 0 || scan_file(scan, path.p, &text) < 0)
		return;
	while (str_line(&text, &line)) {
		if (!str_starts(line, "E:"))
			continue;
		struct str value = str_slice(line, 2, line.n), key = str_cut(&value, '=');
		if (!value.p)
			continue;
		if (str_is(key, "ID_FS_TYPE"))
			block->fstype = value;
		else if (str_is(key, "ID_FS_UUID"))
			block->fs_uuid = value;
		else if (str_is(key, "ID_FS_LABEL"))
			block->label = value;
	}
}

static struct block *block_take(struct blocks *blocks, struct str folder, struct str name, struct str disk)
{
	struct scan *scan = blocks->scan;
	struct arena *arena = scan_arena(scan);
	struct block *block = ARENA_NEW(arena, struct block);
	*block = (struct block){ .kernel_name = name, .folder = folder, .disk = disk };
	block->number = sys_text(scan, folder, "dev");
	if (!block->number.p)
		block->number = STR("");
	if (str_starts(name, "dm-"))
		block->uuid = sys_text(scan, folder, "dm/uuid");
	struct str mapped = str_starts(name, "dm-") ? sys_text(scan, folder, "dm/name") : STR_NONE;
	/* The kernel writes "!" for "/" in names (cciss!c0d0). */
	char *path = arena_bytes(arena, name.n + 1);
	for (size_t i = 0; i < name.n; i++)
		path[i] = name.p[i] == '!' ? '/' : name.p[i];
	block->name = mapped.n ? arena_printf(arena, "/dev/mapper/%.*s", STR_ARG(mapped)) :
	                         arena_printf(arena, "/dev/%.*s", (int)name.n, path);
	int64_t sectors = str_int_or(sys_text(scan, folder, "size"), NONE);
	block->size = sectors >= 0 && sectors < INT64_MAX / 512
			  ? sectors * 512
			  : NONE; /* always 512, whatever the device has */
	block->read_only = str_int_or(sys_text(scan, folder, "ro"), NONE);
	block->removable = disk.p ? NONE : str_int_or(sys_text(scan, folder, "removable"), NONE);
	block->type = device_type(scan, block);
	if (str_starts(block->uuid, "CRYPT-"))
		block->state = ENCRYPTED;
	udev_read(scan, block);
	struct str slaves = arena_printf(arena, "%.*s/slaves", STR_ARG(folder));
	struct strings parents = scan_list(scan, slaves.p);
	block->parents = parents.p;
	block->parent_count = parents.n;
	vec_push_in(arena, &blocks->all, block);
	*map_put(&blocks->by_name, name) = block;
	*map_put(&blocks->by_number, block->number) = block;
	return block;
}

static void blocks_read(struct blocks *blocks)
{
	struct scan *scan = blocks->scan;
	struct arena *arena = scan_arena(scan);
	struct strings names = scan_list(scan, "sys/block");
	for (size_t i = 0; i < names.n && blocks->all.n < DEVICES_MAX; i++) {
		struct str folder = arena_printf(arena, "sys/block/%.*s", STR_ARG(names.p[i]));
		struct block *disk = block_take(blocks, folder, names.p[i], STR_NONE);
		if (disk->size == 0 && str_starts(names.p[i], "loop")) {
			blocks->all.n--; /* a loop device that nothing is bound to */
			continue;
		}
		struct strings parts = scan_list(scan, folder.p);
		for (size_t j = 0; j < parts.n && blocks->all.n < DEVICES_MAX; j++) {
			struct str part = arena_printf(arena, "%.*s/%.*s", STR_ARG(folder), STR_ARG(parts.p[j]));
			if (str_starts(parts.p[j], names.p[i].p) && is_there(scan, part, "partition")) {
				struct block *block = block_take(blocks, part, parts.p[j], names.p[i]);
				block->removable = disk->removable;
			}
		}
	}
}

/* The device, or every way down from it, goes through encryption. Each is decided once. */
static bool is_encrypted(const struct blocks *blocks, struct block *block, int layer)
{
	if (block->state != UNDECIDED || layer >= LAYERS_MAX)
		return block->state == ENCRYPTED;
	block->state = DECIDING;
	bool all = block->disk.p || block->parent_count > 0;
	struct block *disk = block->disk.p ? map_get(&blocks->by_name, block->disk) : NULL;
	if (block->disk.p)
		all = disk && is_encrypted(blocks, disk, layer + 1);
	for (size_t i = 0; i < block->parent_count && all && !block->disk.p; i++) {
		struct block *parent = map_get(&blocks->by_name, block->parents[i]);
		all = parent && is_encrypted(blocks, parent, layer + 1);
	}
	block->state = all ? ENCRYPTED : PLAIN;
	return all;
}

static int block_row(struct blocks *blocks, struct block *block, struct str parent, struct err *err)
{
	const struct block *above = parent.p ? map_get(&blocks->by_name, parent) : NULL;
	struct str parent_name = above ? above->name : parent;
	int64_t encrypted = is_encrypted(blocks, block, 0);
	if (str_starts(block->kernel_name, "dm-") && !block->uuid.p)
		encrypted = NONE;
	return scan_row(blocks->scan,
			ROW(block->name, block->kernel_name, block->type, parent_name, block->fstype,
			    encrypted, block->removable, block->size, block->read_only, block->fs_uuid,
			    block->label, block->number),
			err);
}

/* What is mounted tells its type where udev's findings are not there. */
static void types_of_mounts(struct blocks *blocks)
{
	const struct rows *rows = facts_table(scan_facts(blocks->scan), &table_mounts);
	size_t type = 2, number = rows->width - 1; /* its columns "type" and "device_number" */
	for (size_t i = 0; i < rows->n; i++) {
		struct block *block = map_get(&blocks->by_number, cell_str(rows_at(rows, i)[number]));
		if (block && !block->fstype.p)
			block->fstype = cell_str(rows_at(rows, i)[type]);
	}
}

static int block_devices_scan(struct scan *scan, struct err *err)
{
	struct blocks blocks = { .scan = scan, .by_name = { .arena = scan_arena(scan) },
		                 .by_number = { .arena = scan_arena(scan) } };
	struct stat st;
	int r = root_stat(scan_root(scan), "sys/block", true, &st);
	if (r < 0)
		return scan_unavailable(scan, NOTE("cannot read {}: {}", STR("sys/block"), str_from(err_words(r))));
	blocks_read(&blocks);
	types_of_mounts(&blocks);
	for (size_t i = 0; i < blocks.all.n; i++) {
		struct block *block = blocks.all.p[i];
		r = 0;
		if (block->parent_count == 0)
			r = block_row(&blocks, block, block->disk, err);
		for (size_t j = 0; r == 0 && j < block->parent_count; j++)
			r = block_row(&blocks, block, block->parents[j], err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct table table_block_devices = {
	.name = "block_devices",
	.doc = "Disks, partitions and what is built on them; one row for each parent",
	.sources = { "sys/block/sda/size", "sys/block/sda/dev", "run/udev/data/b8:0", "sys/block/dm-0/dm/uuid",
	             "sys/block/dm-0/dm/name", "proc/self/mountinfo" },
	.scan = block_devices_scan,
	.columns = {
		{ "name", TEXT, "/dev/sda1, /dev/mapper/vg-root" },
		{ "kernel_name", TEXT, "name in the kernel (sda1, dm-0)" },
		{ "type", TEXT, "disk, part, crypt, lvm, raid, loop, rom, mpath, or dm (another mapping)" },
		{ "parent", TEXT, "device that it lies on; NULL: none" },
		{ "fstype", TEXT, "file system or other content, by udev or the mount; NULL: "
		                  "none or not known" },
		{ "encrypted", INT, "1: it, or all that it lies on, is an encrypted mapping; NULL: not known" },
		{ "removable", INT, "1: the medium can be taken out; NULL: not known" },
		{ "size", INT, "bytes; NULL: not known" },
		{ "read_only", INT, "1: cannot be written; NULL: not known" },
		{ "uuid", TEXT, "UUID of the file system; NULL: none or not known" },
		{ "label", TEXT, "label of the file system; NULL: none or not known" },
		{ "device_number", TEXT, "major:minor; empty: not known" },
	},
};

/* usb.org "defined class codes": what a device or one of its interfaces is. */
static struct str usb_class(struct scan *scan, struct str folder, struct str device)
{
	static const struct {
		const char *code, *name;
	} classes[] = { { "01", "audio" },  { "02", "communications" }, { "03", "hid" },     { "06", "image" },
		        { "07", "printer" }, { "08", "mass_storage" },   { "09", "hub" },     { "0a", "cdc_data" },
		        { "0b", "smart_card" }, { "0d", "content_security" }, { "0e", "video" }, { "0f", "healthcare" },
		        { "dc", "diagnostic" }, { "e0", "wireless" },   { "ef", "miscellaneous" }, { "fe", "application" },
		        { "ff", "vendor" } };
	BUF(names);
	struct str own = sys_text(scan, folder, "bDeviceClass");
	struct strings interfaces = scan_list(scan, folder.p);
	for (size_t i = 0; i <= interfaces.n; i++) {
		struct str code = own;
		if (i < interfaces.n) {
			if (!str_starts(interfaces.p[i], device.p) || str_find_char(interfaces.p[i], ':') < 0)
				continue;
			struct str path = arena_printf(scan_arena(scan), "%.*s/%.*s", STR_ARG(folder), STR_ARG(interfaces.p[i]));
			code = sys_text(scan, path, "bInterfaceClass");
		}
		for (size_t j = 0; j < COUNT(classes); j++)
			if (str_is(code, classes[j].code) && (!names.n || str_find(buf_str(&names), classes[j].name) < 0)) {
				buf_puts(&names, names.n ? "," : "");
				buf_puts(&names, classes[j].name);
			}
	}
	return arena_str(scan_arena(scan), buf_str(&names));
}

static int usb_scan(struct scan *scan, struct err *err)
{
	struct strings names = scan_list(scan, "sys/bus/usb/devices");
	struct stat st;
	if (!names.n && root_stat(scan_root(scan), "sys/bus", true, &st) < 0)
		return scan_unavailable(scan, NOTE("cannot read {}: {}", STR("sys/bus"), str_from(err_words(-ENOENT))));
	for (size_t i = 0; i < names.n && i < DEVICES_MAX; i++) {
		struct str folder = arena_printf(scan_arena(scan), "sys/bus/usb/devices/%.*s", STR_ARG(names.p[i]));
		struct str vid = sys_text(scan, folder, "idVendor"), pid = sys_text(scan, folder, "idProduct");
		if (!vid.p)
			continue; /* an interface, not a device */
		struct str removable = sys_text(scan, folder, "removable");
		int r = scan_row(
		    scan,
		    ROW(str_int_or(sys_text(scan, folder, "busnum"), NONE),
			str_int_or(sys_text(scan, folder, "devnum"), NONE), names.p[i], vid, pid,
			sys_text(scan, folder, "manufacturer"), sys_text(scan, folder, "product"),
			usb_class(scan, folder, names.p[i]), sys_text(scan, folder, "serial"),
			str_int_or(sys_text(scan, folder, "authorized"), NONE),
			!removable.p || str_is(removable, "unknown") ? NONE : str_is(removable, "removable")),
		    err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct table table_usb = {
	.name = "usb",
	.doc = "USB devices that are connected",
	.sources = { "sys/bus/usb/devices/1-1/idVendor", "sys/bus/usb/devices/1-1/bDeviceClass",
	             "sys/bus/usb/devices/1-1/1-1:1.0/bInterfaceClass", "sys/bus/usb/devices/1-1/serial" },
	.scan = usb_scan,
	.columns = {
		{ "bus", INT, "number of the bus; NULL: not known" },
		{ "address", INT, "number of the device on it; NULL: not known" },
		{ "port", TEXT, "where it is plugged in (1-1.2)" },
		{ "vid", TEXT, "vendor, four hexadecimal digits" },
		{ "pid", TEXT, "product, four hexadecimal digits; NULL: not known" },
		{ "vendor", TEXT, "vendor as the device says; NULL: not said" },
		{ "model", TEXT, "product as the device says; NULL: not said" },
		{ "class", TEXT, "what it and its interfaces are, by comma: mass_storage, "
		                 "hid, hub, printer, smart_card …" },
		{ "serial", TEXT, "serial number; NULL: none" },
		{ "authorized", INT, "0: the kernel may not use it; NULL: not known" },
		{ "removable", INT, "1: it can be unplugged; NULL: not known" },
	},
};
