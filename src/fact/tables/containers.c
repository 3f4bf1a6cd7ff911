/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * containers: what the state files of Docker, Podman, containerd, CRI-O, LXC and systemd-nspawn say, and
 * containers that only show in the control groups of running processes. No service is asked.
 *
 * Podman, CRI-O and containerd keep an OCI runtime description (config.json) for each container that was
 * started; one that never was is known by its name and image only.
 */
#include <stdio.h>

#include "base/map.h"
#include "base/vec.h"
#include "data/json.h"
#include "fact/scan.h"

struct container {
	struct str id, name, runtime, image, user, mounts, caps, security, path;
	int64_t privileged, net_host, pid_host, read_only, pid;
};

struct containers {
	struct scan *scan;
	struct arena *arena;
	struct map by_id;
	VEC(struct container *) all;
};

static struct container *container_new(struct containers *list, struct str id, const char *runtime, struct str path)
{
	struct container *container = ARENA_NEW(list->arena, struct container);
	*container = (struct container){ .id = id, .runtime = str_from(runtime), .path = path, .privileged = NONE,
	                                 .net_host = NONE, .pid_host = NONE, .read_only = NONE, .pid = NONE };
	*map_put(&list->by_id, id) = container;
	vec_push_in(list->arena, &list->all, container);
	return container;
}

/* The tree of a JSON file, or NULL: missing, or said why not. */
static const struct doc *json_file(struct containers *list, struct str path)
{
	struct str text;
	const struct doc *doc = NULL;
	struct err err = { "" };
	if (scan_file(list->scan, path.p, &text) < 0)
		return NULL;
	struct source source = { .name = path.p, .text = text };
	if (json_parse(list->arena, &source, &doc, &err) < 0) {
		scan_partial(list->scan, NOTE("{}:{}: not understood", path, STR("1")));
		return NULL;
	}
	return doc;
}

static const struct doc *at(const struct doc *map, const char *key)
{
	return doc_get(map, str_from(key));
}

static int64_t truth(const struct doc *node)
{
	return node && node->type == DOC_BOOL ? node->boolean : NONE;
}

/* Strings of a list by blanks. STR_NONE when there are none. */
static struct str words(struct arena *arena, const struct doc *array)
{
	BUF(text);
	for (size_t i = 0; array && array->type == DOC_ARRAY && i < array->n; i++) {
		struct str word = doc_string(&array->items[i]);
		if (!word.n)
			continue;
		if (text.n)
			buf_add_char(&text, ' ');
		buf_add(&text, word);
	}
	return text.n ? arena_str(arena, buf_str(&text)) : STR_NONE;
}

static void mount_add(struct buf *text, struct str source, struct str destination)
{
	if (text->n)
		buf_add_char(text, ' ');
	buf_add(text, source);
	buf_add_char(text, ':');
	buf_add(text, destination);
}

/* ---- Docker ---- */

static void docker_read(struct containers *list, struct str path)
{
	struct arena *arena = list->arena;
	struct str of = str_slice(path, 0, (size_t)str_find_char_last(path, '/'));
	struct str folder = str_slice(of, 0, (size_t)str_find_char_last(of, '/'));
	struct str id = str_slice(of, folder.n + 1, of.n);
	const struct doc *config = json_file(list, path);
	if (!config)
		return;
	const struct doc *host = json_file(list, arena_printf(arena, "%.*s/%.*s/hostconfig.json", STR_ARG(folder), STR_ARG(id)));
	struct container *container = container_new(list, id, "docker", path);
	struct str name = doc_string(at(config, "Name"));
	container->name = str_starts(name, "/") ? str_slice(name, 1, name.n) : name;
	container->image = doc_string(at(at(config, "Config"), "Image"));
	container->user = doc_string(at(at(config, "Config"), "User"));
	BUF(mounts);
	const struct doc *points = at(config, "MountPoints");
	for (size_t i = 0; points && points->type == DOC_MAP && i < points->n; i++)
		mount_add(&mounts, doc_string(at(doc_value(points, i), "Source")), doc_string(doc_key(points, i)));
	container->mounts = mounts.n ? arena_str(arena, buf_str(&mounts)) : STR_NONE;
	if (!host) {
		scan_partial(list->scan, NOTE("container {}: its settings are missing", id));
		return;
	}
	container->privileged = truth(at(host, "Privileged"));
	container->net_host = str_is(doc_string(at(host, "NetworkMode")), "host");
	container->pid_host = str_is(doc_string(at(host, "PidMode")), "host");
	container->read_only = truth(at(host, "ReadonlyRootfs"));
	container->caps = words(arena, at(host, "CapAdd"));
	container->security = words(arena, at(host, "SecurityOpt"));
}

/* ---- what OCI runtimes are given: github.com/opencontainers/runtime-spec, config.md ---- */

static bool has_word(struct str text, const char *word)
{
	while (text.n) {
		struct str one = str_word(&text);
		if (str_is(one, word))
			return true;
	}
	return false;
}

/* Without an entry in linux.namespaces the container shares the host's. */
static int64_t shares(const struct doc *spec, const char *type)
{
	const struct doc *namespaces = at(at(spec, "linux"), "namespaces");
	if (!namespaces || namespaces->type != DOC_ARRAY)
		return NONE;
	for (size_t i = 0; i < namespaces->n; i++)
		if (str_is(doc_string(at(&namespaces->items[i], "type")), type))
			return 0;
	return 1;
}

static void oci_read(struct containers *list, struct container *container, struct str path)
{
	const struct doc *spec = json_file(list, path);
	if (!spec)
		return;
	static const char *const image_names[] = { "io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName",
		                                   "io.podman.annotations.image" };
	static const char *const names[] = { "io.kubernetes.cri.container-name", "io.kubernetes.cri-o.ContainerName",
		                             "nerdctl/name" };
	struct arena *arena = list->arena;
	const struct doc *notes = at(spec, "annotations"), *user = at(at(spec, "process"), "user");
	for (size_t i = 0; i < COUNT(image_names); i++) {
		if (!container->image.n)
			container->image = doc_string(at(notes, image_names[i]));
		if (!container->name.n)
			container->name = doc_string(at(notes, names[i]));
	}
	container->path = path;
	container->caps = words(arena, at(at(at(spec, "process"), "capabilities"), "bounding"));
	/* No runtime writes "privileged" down for all; these come to a program in no other way. */
	container->privileged = has_word(container->caps, "CAP_SYS_ADMIN") && has_word(container->caps, "CAP_SYS_MODULE") &&
	                        has_word(container->caps, "CAP_SYS_RAWIO");
	container->net_host = shares(spec, "network");
	container->pid_host = shares(spec, "pid");
	container->read_only = truth(at(at(spec, "root"), "readonly"));
	const struct doc *uid = at(user, "uid");
	if (uid && uid->type == DOC_INT)
		container->user = arena_printf(arena, "%ld", (long)uid->integer);
	BUF(mounts);
	const struct doc *points = at(spec, "mounts");
	for (size_t i = 0; points && points->type == DOC_ARRAY && i < points->n; i++)
		if (str_is(doc_string(at(&points->items[i], "type")), "bind"))
			mount_add(&mounts, doc_string(at(&points->items[i], "source")),
			          doc_string(at(&points->items[i], "destination")));
	container->mounts = mounts.n ? arena_str(arena, buf_str(&mounts)) : STR_NONE;
}

/* containers/storage: one list for Podman and CRI-O; "metadata" is JSON in a string. */
static void storage_read(struct containers *list, struct str path)
{
	struct arena *arena = list->arena;
	const struct doc *all = json_file(list, path);
	struct str folder = str_slice(path, 0, (size_t)str_find_char_last(path, '/'));
	for (size_t i = 0; all && all->type == DOC_ARRAY && i < all->n; i++) {
		const struct doc *entry = &all->items[i], *names = at(entry, "names");
		struct str id = doc_string(at(entry, "id"));
		if (!id.n || str_find_char(id, '/') >= 0 || map_get(&list->by_id, id))
			continue;
		struct container *container = container_new(list, id, "podman", path);
		if (names && names->type == DOC_ARRAY && names->n)
			container->name = doc_string(&names->items[0]);
		const struct doc *about = NULL;
		struct source source = { .name = path.p, .text = doc_string(at(entry, "metadata")) };
		if (source.text.n && json_parse(arena, &source, &about, NULL) == 0) {
			container->image = doc_string(at(about, "image-name"));
			if (at(about, "pod-name"))
				container->runtime = STR("crio");
		}
		oci_read(list, container, arena_printf(arena, "%.*s/%.*s/userdata/config.json", STR_ARG(folder), STR_ARG(id)));
		if (str_eq(container->path, path))
			scan_partial(list->scan, NOTE("container {}: its settings are missing", id));
	}
}

/* run/containerd/io.containerd.runtime.v2.task/NAMESPACE/ID/config.json; Docker's own are there as "moby". */
static void containerd_read(struct containers *list, struct str path)
{
	struct str folder = str_slice(path, 0, (size_t)str_find_char_last(path, '/'));
	struct str id = str_slice(folder, (size_t)str_find_char_last(folder, '/') + 1, folder.n);
	if (!map_get(&list->by_id, id))
		oci_read(list, container_new(list, id, str_find(path, "/moby/") >= 0 ? "docker" : "containerd", path), path);
}

/* ---- LXC and systemd-nspawn ---- */

static void lxc_read(struct containers *list, struct str path)
{
	struct str folder = str_slice(path, 0, (size_t)str_find_char_last(path, '/')), text, line;
	struct str name = str_slice(folder, (size_t)str_find_char_last(folder, '/') + 1, folder.n);
	if (scan_file(list->scan, path.p, &text) < 0)
		return;
	struct container *container = container_new(list, name, "lxc", path);
	container->name = name;
	/* lxc.container.conf(5): privileged unless identifiers are mapped. */
	container->privileged = 1;
	container->net_host = container->pid_host = 0;
	BUF(mounts);
	while (str_line(&text, &line)) {
		struct str rest = line, key = str_trim(str_cut(&rest, '='));
		struct str value = rest.p ? str_trim(rest) : STR("");
		if (!key.n || key.p[0] == '#')
			continue;
		if (str_is(key, "lxc.idmap") || str_is(key, "lxc.id_map"))
			container->privileged = 0;
		else if (str_starts(key, "lxc.net") && str_ends(key, ".type") && str_is(value, "none"))
			container->net_host = 1;
		else if (str_is(key, "lxc.namespace.keep") && has_word(value, "net"))
			container->net_host = 1;
		else if (str_is(key, "lxc.cap.keep"))
			container->caps = arena_str(list->arena, value);
		else if (str_is(key, "lxc.mount.entry")) {
			struct str source = str_word(&value);
			mount_add(&mounts, source, str_word(&value));
		}
	}
	container->mounts = mounts.n ? arena_str(list->arena, buf_str(&mounts)) : STR_NONE;
}

/* A folder or image below /var/lib/machines; how it is run is said on a command line, so not known. */
static void machines_read(struct containers *list)
{
	struct strings names = scan_list(list->scan, "var/lib/machines");
	for (size_t i = 0; i < names.n; i++) {
		struct str name = names.p[i];
		if (name.p[0] == '.')
			continue;
		if (str_ends(name, ".raw"))
			name = str_slice(name, 0, name.n - 4);
		if (map_get(&list->by_id, name))
			continue;
		struct container *container = container_new(list, name, "nspawn",
			arena_printf(list->arena, "/var/lib/machines/%.*s", STR_ARG(names.p[i])));
		container->name = name;
	}
}

/* ---- running ones ---- */

static size_t column_of(const struct table *table, const char *name)
{
	size_t i = 0;
	while (strcmp(table->columns[i].name, name) != 0)
		i++;
	return i;
}

static void running_read(struct containers *list, const struct rows *processes)
{
	const struct table *table = &table_processes;
	size_t id = column_of(table, "container_id"), runtime = column_of(table, "container_runtime");
	size_t pid = column_of(table, "pid"), net = column_of(table, "net_namespace");
	size_t in_pid = column_of(table, "pid_namespace");
	const struct cell *first = NULL;
	for (size_t i = 0; i < processes->n; i++) {
		const struct cell *cells = rows_at(processes, i);
		if (cells[pid].i == 1)
			first = cells;
		struct str name = cell_str(cells[id]);
		if (!name.n)
			continue;
		struct container *container = map_get(&list->by_id, name);
		if (!container) {
			container = container_new(list, name, "", STR_NONE);
			container->runtime = cell_str(cells[runtime]);
			if (first && cell_is_int(cells[net]) && cell_is_int(first[net]))
				container->net_host = cells[net].i == first[net].i;
			if (first && cell_is_int(cells[in_pid]) && cell_is_int(first[in_pid]))
				container->pid_host = cells[in_pid].i == first[in_pid].i;
			scan_partial(list->scan, NOTE("container {} runs, but what it was started with was not found", name));
		}
		if (container->pid == NONE)
			container->pid = cells[pid].i;
	}
}

static int containers_scan(struct scan *scan, struct err *err)
{
	struct containers list = { .scan = scan, .arena = scan_arena(scan), .by_id = { .arena = scan_arena(scan) } };
	struct stat st;
	const struct doc *daemon = NULL;
	if (root_stat(scan_root(scan), "etc/docker/daemon.json", true, &st) == 0 && st.st_size > 0)
		daemon = json_file(&list, STR("/etc/docker/daemon.json"));
	struct str moved = doc_string(at(daemon, "data-root"));
	struct strings found;
	if (moved.n && moved.p[0] == '/' && !str_is(moved, "/var/lib/docker")) {
		found = scan_glob(scan, arena_printf(list.arena, "%.*s/containers/*/config.v2.json", STR_ARG(moved)));
		for (size_t i = 0; i < found.n; i++)
			docker_read(&list, found.p[i]);
	}
	static const struct {
		const char *pattern;
		void (*read)(struct containers *list, struct str path);
	} places[] = {
		{ "/var/lib/docker/containers/*/config.v2.json", docker_read },
		{ "/home/*/.local/share/docker/containers/*/config.v2.json", docker_read },
		{ "/var/lib/containers/storage/*-containers/containers.json", storage_read },
		{ "/root/.local/share/containers/storage/*-containers/containers.json", storage_read },
		{ "/home/*/.local/share/containers/storage/*-containers/containers.json", storage_read },
		{ "/run/containerd/io.containerd.runtime.v2.task/*/*/config.json", containerd_read },
		{ "/var/lib/lxc/*/config", lxc_read },
	};
	for (size_t i = 0; i < COUNT(places); i++) {
		found = scan_glob(scan, str_from(places[i].pattern));
		for (size_t j = 0; j < found.n; j++)
			places[i].read(&list, found.p[j]);
	}
	machines_read(&list);
	const struct rows *processes = scan_rows(scan, &table_processes);
	bool seen = processes->coverage != COVERAGE_UNAVAILABLE;
	if (seen)
		running_read(&list, processes);
	for (size_t i = 0; i < list.all.n; i++) {
		const struct container *container = list.all.p[i];
		int r = scan_row(scan, ROW(container->id, container->name.n ? container->name : STR_NONE, container->runtime,
		                           container->image.n ? container->image : STR_NONE,
		                           seen ? (int64_t)(container->pid != NONE) : NONE, container->pid,
		                           container->privileged, container->net_host, container->pid_host,
		                           container->read_only, container->user.n ? container->user : STR_NONE,
		                           container->mounts, container->caps, container->security, container->path), err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct table table_containers = {
	.name = "containers",
	.doc = "Containers of Docker, Podman, containerd, CRI-O, LXC and systemd-nspawn, running or not",
	.sources = { "var/lib/docker/containers/fuzz/config.v2.json", "var/lib/docker/containers/fuzz/hostconfig.json",
	             "var/lib/containers/storage/overlay-containers/containers.json", "var/lib/lxc/fuzz/config",
	             "run/containerd/io.containerd.runtime.v2.task/k8s.io/fuzz/config.json", "proc/1/cgroup" },
	.scan = containers_scan,
	.needs = {
		{ &table_processes, "pid container_id container_runtime", NULL },
		{ &table_processes, "net_namespace", "net_host" },
		{ &table_processes, "pid_namespace", "pid_host" },
	},
	.columns = {
		{ "id", TEXT, "identifier; of LXC and nspawn the name" },
		{ "name", TEXT, "name; NULL: none" },
		{ "runtime", TEXT, "docker, podman, containerd, crio, lxc or nspawn" },
		{ "image", TEXT, "image as it was asked for; NULL: unknown or none" },
		{ "running", INT, "1: processes of it run; NULL: processes cannot be seen (a disk image)" },
		{ "pid", INT, "lowest process number in it; NULL: does not run, or cannot be seen" },
		{ "privileged", INT, "1: started as privileged, or with the capabilities of that; lxc: identifiers not mapped; NULL: unknown" },
		{ "net_host", INT, "1: shares the host's network; NULL: unknown" },
		{ "pid_host", INT, "1: sees the host's processes; NULL: unknown" },
		{ "read_only", INT, "1: its root cannot be written; NULL: unknown" },
		{ "user", TEXT, "user that it runs as; NULL: not set, which is root for Docker" },
		{ "mounts", TEXT, "what of the host is mounted, from:to by blanks; NULL: nothing or unknown" },
		{ "caps", TEXT, "capabilities: added (Docker), kept (LXC), all it can have (others); NULL: none or unknown" },
		{ "security", TEXT, "security options of Docker, by blanks; NULL: none or unknown" },
		{ "path", TEXT, "file that says so; NULL: seen by its processes only" },
	},
};
